import { observeExecutable } from './executables.ts';
import { packageFormats } from './packages/formats.ts';
import type { FileObserver } from './reading.ts';
import { observeSystemFile } from './system-files.ts';

/** All that look at the files of a layer. To look for something else, write an observer and add its line. */
export const observers: readonly FileObserver[] = [
  observeSystemFile,
  observeExecutable,
  ...packageFormats.map((format) => format.observe),
];
