import { setImmediate } from 'node:timers/promises';
import { prepare, runCase, type Failure, type Prepared } from './run-case.ts';
import type { Target } from './target.ts';
import { watch } from './watchdog.ts';

/** How much is tried, and from which seed. */
export interface FuzzOptions {
  readonly seed: string;
  /** cases of each target; undefined: until the time is over */
  readonly cases?: number;
  /** seconds for all targets, shared evenly; undefined: until the cases are done */
  readonly seconds?: number;
  /** first case of each target */
  readonly from?: number;
  /** how many failures of one target are kept; further ones are counted */
  readonly keep?: number;
  /** ends it early */
  readonly signal?: AbortSignal;
  readonly onFailure?: (failure: Failure) => void;
}

/** What was tried of one target. */
export interface Tried {
  readonly name: string;
  readonly cases: number;
  /** documents of which something counted */
  readonly read: number;
  /** milliseconds */
  readonly time: number;
  readonly failed: number;
}

/** A case may take so long on a machine that does much else; then it is taken for one that never ends. */
const longestCase = 180;

/** Milliseconds of one turn of a target, at most: as many cases as fit into it. */
const longestTurn = 500;

/** How far a target has come. */
interface Running extends Prepared {
  readonly index: number;
  /** of all cases and of all time */
  readonly share: number;
  next: number;
  read: number;
  time: number;
  failed: number;
}

/**
 * Changes documents and has them read, target after target in turns, so that all of them have come to the same whenever it
 * ends. Each target has one case at least.
 */
export async function fuzz(targets: readonly Target[], options: FuzzOptions): Promise<Tried[]> {
  const { seed, cases = Infinity, seconds = Infinity, from = 0, keep = 5, signal, onFailure } = options;
  const names = targets.map(({ name }) => name);
  const watchdog = watch(names, seed, longestCase);
  const running: Running[] = [];
  for (const [index, target] of targets.entries()) {
    const prepared = await prepare(target);
    running.push({ ...prepared, index, share: target.share ?? 1, next: from, read: 0, time: 0, failed: 0 });
  }
  const shares = running.reduce((sum, { share }) => sum + share, 0);
  const timeOf = ({ share }: Running): number => (seconds * 1000 * share) / shares;
  const isOver = (one: Running): boolean =>
    signal?.aborted === true ||
    (one.next > from && (one.next - from >= cases * one.share || one.time >= timeOf(one)));

  async function take(one: Running): Promise<void> {
    watchdog.begin(one.index, one.next);
    const outcome = await runCase(one, seed, one.next);
    one.next += 1;
    if (outcome === 'read') one.read += 1;
    if (typeof outcome === 'string') return;
    one.failed += 1;
    if (one.failed <= keep) onFailure?.(outcome);
  }

  while (running.some((one) => !isOver(one))) {
    for (const one of running) {
      // most readers never let anything else run, such as who ends it early
      await setImmediate();
      const turn = Math.min(longestTurn * one.share, timeOf(one) / 4);
      const end = performance.now() + turn;
      while (!isOver(one) && performance.now() < end) {
        const begin = performance.now();
        await take(one);
        one.time += performance.now() - begin;
      }
    }
  }
  watchdog.stop();
  return running.map(({ target, next, read, time, failed }) => ({
    name: target.name,
    cases: next - from,
    read,
    time,
    failed,
  }));
}
