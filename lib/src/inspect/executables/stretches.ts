/** Keeps stretches of a file while it passes; bytes of no stretch are let go. */
export class Stretches {
  readonly #wanted: Array<{ readonly start: number; readonly bytes: Buffer; filled: number }> = [];

  /**
   * Wants bytes that have not passed yet.
   * @returns gives those that did pass, from `start` on without a gap
   */
  want(start: number, length: number): () => Buffer {
    const stretch = { start, bytes: Buffer.allocUnsafeSlow(length), filled: 0 };
    this.#wanted.push(stretch);
    return () => stretch.bytes.subarray(0, stretch.filled);
  }

  /** Takes what is wanted of the bytes that lie at `offset` of the file. */
  feed(bytes: Buffer, offset: number): void {
    for (const stretch of this.#wanted) {
      const from = stretch.start + stretch.filled - offset;
      // What lies before can no longer be had; what comes is not yet there.
      if (from < 0 || from >= bytes.length || stretch.filled === stretch.bytes.length) continue;
      stretch.filled += bytes.copy(stretch.bytes, stretch.filled, from);
    }
  }
}
