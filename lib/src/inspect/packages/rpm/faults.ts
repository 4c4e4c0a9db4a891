/** Faults that are kept; the first few say enough. */
const mostFaults = 10;

/** Why a database may contain more than was read of it, for people. */
export class Faults {
  readonly #texts = new Set<string>();

  add(text: string): void {
    if (this.#texts.size < mostFaults) this.#texts.add(text);
  }

  /** Empty: all that it contains was read. */
  get texts(): readonly string[] {
    return [...this.#texts];
  }
}
