import { observeAccounts } from './accounts/observe-accounts.ts';
import { observeBaked } from './baked/observe-baked.ts';
import { observeDiversions } from './contamination/diversions.ts';
import { observeExecutable } from './executables/observe-executable.ts';
import { observeLicences } from './licences/observe.ts';
import { observeChisel } from './packages/chisel.ts';
import { packageFormats } from './packages/formats.ts';
import { observeDpkgFiles } from './packages/dpkg-files.ts';
import { observeRpm } from './packages/rpm/observe.ts';
import type { FileObserver } from './reading.ts';
import { observeSecrets } from './secrets/observe-secrets.ts';
import { observeSystemFile } from './system-files.ts';

/** All that look at the files of a layer. To look for something else, write an observer and add its line. */
export const observers: readonly FileObserver[] = [
  observeSystemFile,
  observeExecutable,
  observeDiversions,
  observeRpm,
  observeDpkgFiles,
  observeChisel,
  observeLicences,
  observeSecrets,
  observeBaked,
  observeAccounts,
  ...packageFormats.map((format) => format.observe),
];
