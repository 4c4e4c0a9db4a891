/** Ends the reading of answers that break the form agreed upon. */
export class FrameError extends Error {}

/**
 * Reads answers, each behind four bytes of length.
 * @param limit bytes of the longest answer
 * @throws FrameError where one is longer, or breaks off
 */
export async function* readFrames(source: AsyncIterable<Buffer>, limit: number): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let have = 0;
  let need: number | undefined;
  for await (const chunk of source) {
    parts.push(chunk);
    have += chunk.length;
    for (;;) {
      if (need === undefined) {
        if (have < 4) break;
        const joined = Buffer.concat(parts);
        need = joined.readUInt32BE(0);
        if (need > limit) throw new FrameError(`an answer of ${need} bytes`);
        parts = [joined.subarray(4)];
        have -= 4;
      }
      if (have < need) break;
      const joined = Buffer.concat(parts);
      yield joined.subarray(0, need);
      parts = [joined.subarray(need)];
      have -= need;
      need = undefined;
    }
  }
  if (have > 0 || need !== undefined) throw new FrameError('an answer that breaks off');
}
