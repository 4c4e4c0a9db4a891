import { z } from 'zod';

/** A string that a file or a name gave. */
export const text = z.string().max(64 * 1024);
export const count = z.number().int().nonnegative();
