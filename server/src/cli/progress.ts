import { formatBytes } from './display.ts';

/** Says on a terminal what long work is at; silent everywhere else. */
export interface Progress {
  /** @param done bytes so far, where they are counted; `total` where it is known */
  update(what: string, done?: number, total?: number): void;
  /** Removes the line. */
  end(): void;
}

/** A stream that may be a terminal. */
interface Watched {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): boolean;
}

const interval = 100;
const silent: Progress = { update() {}, end() {} };

/** @param now milliseconds; the line is written anew at most ten times a second */
export function showProgress(stream: Watched, enabled: boolean, now: () => number): Progress {
  if (!enabled || !stream.isTTY) return silent;
  let last = Number.NEGATIVE_INFINITY;
  let shown = false;
  return {
    update(what, done, total) {
      const time = now();
      if (time - last < interval) return;
      last = time;
      shown = true;
      const amount =
        done === undefined
          ? ''
          : ` ${formatBytes(done)}${total === undefined ? '' : ` of ${formatBytes(total)}`}`;
      stream.write(`\r\u001b[K${`${what}${amount}`.slice(0, (stream.columns || 80) - 1)}`);
    },
    end() {
      if (shown) stream.write('\r\u001b[K');
      shown = false;
    },
  };
}
