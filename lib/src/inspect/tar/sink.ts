/** Takes the content of one file while it passes. */
export interface FileSink {
  data(bytes: Buffer): void;
  /** so many zero bytes that the archive does not contain */
  hole(length: number): void;
  /** @param whole false: the content broke off */
  end(whole: boolean): void;
}
