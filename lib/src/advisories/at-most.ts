/**
 * For pipelines: lets chunks through until they are more than `limit` bytes.
 * @throws RangeError from the pipeline, of what has more
 */
export function atMost(limit: number) {
  return async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let size = 0;
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size > limit) throw new RangeError(`it has more than ${limit} bytes`);
      yield chunk;
    }
  };
}
