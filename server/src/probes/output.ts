import type { Readable } from 'node:stream';

/** What a container wrote. */
export interface Output {
  readonly stdout: Buffer;
  /** the end of what it wrote for people */
  readonly stderr: string;
}

/** Bytes of standard error that are kept. */
const kept = 2000;
/** Bytes of standard error that a probe may write. */
const mostErrors = 1024 * 1024;

/**
 * Takes apart what an engine sends of a container's output (Docker Engine API, ContainerAttach, "Stream format") until it ends.
 *
 * @param most bytes of standard output
 * @returns undefined once it writes more than it may, and when the stream is no such stream: nothing more is read then
 */
export async function readOutput(stream: Readable, most: number): Promise<Output | undefined> {
  const parts: Buffer[] = [];
  let [written, complained] = [0, 0];
  let errors = Buffer.alloc(0);
  let header = Buffer.alloc(0);
  let left = 0;
  let isError = false;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length;) {
      if (left === 0) {
        const taken = chunk.subarray(at, at + 8 - header.length);
        header = Buffer.concat([header, taken]);
        at += taken.length;
        if (header.length < 8) break;
        if (header[0]! > 2) return undefined;
        isError = header[0] === 2;
        left = header.readUInt32BE(4);
        header = Buffer.alloc(0);
        continue;
      }
      const part = chunk.subarray(at, at + left);
      at += part.length;
      left -= part.length;
      if (isError) {
        complained += part.length;
        errors = Buffer.concat([errors, part]).subarray(-kept);
      } else {
        written += part.length;
        parts.push(part);
      }
      if (written > most || complained > mostErrors) return undefined;
    }
  }
  return { stdout: Buffer.concat(parts), stderr: errors.toString('utf8') };
}
