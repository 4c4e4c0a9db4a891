import { writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

/** Tells of a case that never ends, which the thread that reads it cannot, and of one that something fell over later. */
export interface Watchdog {
  /** To be called when a case begins. */
  begin(target: number, index: number): void;
  stop(): void;
}

/** Three numbers are shared: how many cases have begun, and target and index of the last. */
const worker = `
const { workerData } = require('node:worker_threads');
const { shared, names, seed, seconds } = workerData;
const state = new Int32Array(shared);
let seen = -1;
let since = Date.now();
setInterval(() => {
  if (state[0] !== seen) {
    seen = state[0];
    since = Date.now();
  } else if (Date.now() - since > seconds * 1000) {
    const what = names[state[1]] + ', case ' + state[2] + ' of seed ' + seed + ', has not ended after ' + seconds + ' seconds\\n';
    require('node:fs').writeSync(2, what);
    process.kill(process.pid, 'SIGKILL');
  }
}, 1000);
`;

/**
 * Kills this process, and says by which case, where one takes so many seconds; says by which case where something is thrown
 * that nobody waits for.
 */
export function watch(names: readonly string[], seed: string, seconds: number): Watchdog {
  const shared = new SharedArrayBuffer(12);
  const state = new Int32Array(shared);
  const thread = new Worker(worker, { eval: true, workerData: { shared, names, seed, seconds } });
  thread.unref();
  const tell = (): void =>
    void writeSync(2, `thrown in or after ${names[state[1]!]}, case ${state[2]} of seed ${seed}\n`);
  process.on('uncaughtExceptionMonitor', tell);
  return {
    begin(target, index) {
      state[1] = target;
      state[2] = index;
      Atomics.add(state, 0, 1);
    },
    stop() {
      process.off('uncaughtExceptionMonitor', tell);
      void thread.terminate();
    },
  };
}
