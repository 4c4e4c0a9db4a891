/** Ends the reading of messages that break the form agreed upon. */
export class FrameError extends Error {}

/** The last message is not whole: its sender ended within it, and how it did says more. */
export class BrokenOffError extends FrameError {}

/** A message behind four bytes of its length, big-endian. */
export function frameOf(message: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(message.length);
  return Buffer.concat([length, message]);
}

/**
 * Reads messages, each behind four bytes of length.
 * @param limit bytes of the longest message
 * @throws FrameError where one is longer
 * @throws BrokenOffError where one breaks off
 */
export async function* readFrames(
  source: AsyncIterable<Buffer>,
  limit: number,
): AsyncGenerator<Buffer, undefined> {
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
  if (have > 0 || need !== undefined) throw new BrokenOffError('an answer that breaks off');
  return undefined;
}
