/** Takes the content of one file while it passes. */
export interface FileSink {
  data(bytes: Buffer): void;
  /** so many zero bytes that the archive does not contain */
  hole(length: number): void;
  /** @param whole false: the content broke off */
  end(whole: boolean): void;
}

/** Gives the content of one file to two that take it. */
export function both(first: FileSink, second: FileSink): FileSink {
  return {
    data(bytes) {
      first.data(bytes);
      second.data(bytes);
    },
    hole(length) {
      first.hole(length);
      second.hole(length);
    },
    end(whole) {
      first.end(whole);
      second.end(whole);
    },
  };
}
