import type { Config } from '../config/schema.ts';
import { composeInProcess } from '../inspection/compose-process.ts';
import type { ImageComposer } from './inspect.ts';

/** Composes images in a process of its own, within the limits of the inspection of a layer. */
export function createImageComposer({ memory, time }: Config['inspection']): ImageComposer {
  return (input, signal) => composeInProcess(input, { memory, seconds: time / 1000, signal });
}
