import { AsyncLocalStorage } from 'node:async_hooks';

const urgent = new AsyncLocalStorage<boolean>();

/** Does what somebody waits for right now: its transactions come before others that wait for the writer of SQLite. */
export function urgently<T>(work: () => T): T {
  return urgent.run(true, work);
}

/** Does what goes on beside: it is not urgent, whoever has set it going. */
export function besides<T>(work: () => T): T {
  return urgent.run(false, work);
}

/** True in what is done urgently. */
export function isUrgent(): boolean {
  return urgent.getStore() === true;
}
