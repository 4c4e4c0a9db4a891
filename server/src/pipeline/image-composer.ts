import type { Config } from '../config/schema.ts';
import { composeInProcess } from '../inspection/compose-process.ts';
import { composeSmall } from '../inspection/compose-small.ts';
import type { ImageComposer } from './inspect.ts';

/** Composes images: small ones at once, others in a process of its own, within the limits of the inspection of a layer. */
export function createImageComposer({ memory, time }: Config['inspection']): ImageComposer {
  return async (input, signal) => {
    const inventory = await composeSmall(input);
    return inventory ? { inventory } : composeInProcess(input, { memory, seconds: time / 1000, signal });
  };
}
