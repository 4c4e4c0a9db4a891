import { WharfingerError } from '@wharfinger/lib/errors';

/** A number of places for work that people wait for. */
export interface Turns {
  /**
   * Waits for a place.
   * @returns gives the place up; call it once
   * @throws WharfingerError UNAVAILABLE where too many wait
   */
  enter(): Promise<() => void>;
}

/** Lets so many in at the same time, in the order in which they came. */
export function turnsFor(most: { readonly running: number; readonly waiting: number }): Turns {
  let running = 0;
  const waiting: Array<() => void> = [];
  const leave = (): void => {
    // Who ends hands the place on.
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  };
  return {
    async enter() {
      if (running < most.running) running += 1;
      else if (waiting.length >= most.waiting) throw unavailable('too many ask about files at the same time');
      else await new Promise<void>((resolve) => waiting.push(resolve));
      return leave;
    },
  };
}

/** The failure to answer, which another time may not have. */
export function unavailable(what: string): WharfingerError {
  return new WharfingerError('UNAVAILABLE', { what, remedy: 'ask again later, or for less' });
}
