import type { NoteListener } from '../reading.ts';
import type { RecordedPackage } from '../file-facts.ts';

/** What one record of packages says, and what of it cannot be understood. */
export interface ReadRecord {
  readonly packages: readonly RecordedPackage[];
  /** entries that should be packages, but lack a name or a version */
  readonly broken: number;
}

/**
 * Reads a JSON record and tells of it. Where a tool looks for such records (`counts`), one that cannot be read is a problem that hides
 * something; elsewhere broken files are common, as tests of tools that read them.
 * @param read undefined: it is JSON, but no such record
 */
export function tellOfRecord(
  bytes: Buffer,
  format: string,
  counts: boolean,
  listener: NoteListener,
  read: (value: unknown) => ReadRecord | undefined,
): void {
  const problem = (message: string): void => {
    if (counts) listener.problem('unreadable-file', message, true);
  };
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8').replace(/^\ufeff/, ''));
  } catch {
    return problem('it is not JSON');
  }
  const record = read(value);
  if (record === undefined) return problem('it is JSON, but not a record of packages');
  listener.fact({ kind: 'packages', format, packages: record.packages });
  if (record.broken > 0)
    problem(`${record.broken} of its packages lack a name or a version, or have an invalid one`);
}

/** Text that is not empty. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
