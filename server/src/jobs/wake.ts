import { EventEmitter } from 'node:events';
import { besides } from '../db/urgency.ts';

const signal = new EventEmitter().setMaxListeners(0);

/** Tells the workers of this process that there may be something to do. */
export function wakeWorkers(): void {
  besides(() => signal.emit('wake'));
}

/** Calls `listener` at each wake; returns what ends that. */
export function onWake(listener: () => void): () => void {
  signal.on('wake', listener);
  return () => signal.off('wake', listener);
}
