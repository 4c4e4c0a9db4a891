import { printable } from '@wharfinger/lib/routines/printable';

/** Longest reason why there is no report. */
const longest = 500;

/** Why a scanner did not do what it was asked for, in one line. */
export function problemOf(error: Error): string {
  return printable(error.message.replace(/^the scanner failed: /, ''), longest);
}
