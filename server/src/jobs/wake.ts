import { EventEmitter } from 'node:events';

const signal = new EventEmitter().setMaxListeners(0);

/** Tells the workers of this process that there may be something to do. */
export function wakeWorkers(): void {
  signal.emit('wake');
}

/** Calls `listener` at each wake; returns what ends that. */
export function onWake(listener: () => void): () => void {
  signal.on('wake', listener);
  return () => signal.off('wake', listener);
}
