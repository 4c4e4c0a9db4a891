import { isOfFile, type FileFacts, type FileRecord } from './file-facts.ts';

/**
 * True if one of several records for a path, of which only the entry `last` remains, says something that the last does
 * not: packages that it lacks, another distribution. Other readers may see the earlier one.
 */
export function replacesTruth(records: readonly FileRecord[], last: number): boolean {
  const remaining = records.filter((record) => record.entry === last);
  return records.some(
    (record) =>
      record.entry !== last && !saysNothing(record) && !remaining.some((one) => includes(one, record)),
  );
}

function includes(whole: FileFacts, part: FileFacts): boolean {
  if (whole.kind === 'dpkg' && part.kind === 'dpkg') return includesAll(whole.packages, part.packages);
  if (whole.kind === 'apk' && part.kind === 'apk') return includesAll(whole.packages, part.packages);
  if (whole.kind === 'rpm' && part.kind === 'rpm') return includesAll(whole.packages, part.packages);
  return JSON.stringify({ ...whole, entry: 0 }) === JSON.stringify({ ...part, entry: 0 });
}

/** Of packages' files and executables the last record counts for all readers, since the last content does. */
function saysNothing(facts: FileFacts): boolean {
  if (isOfFile(facts.kind) || facts.kind === 'recorded-files') return true;
  const isDatabase = facts.kind === 'dpkg' || facts.kind === 'apk' || facts.kind === 'rpm';
  return isDatabase && facts.packages.length === 0;
}

interface Named {
  readonly name: string;
  readonly version: string;
}

function includesAll(whole: readonly Named[], part: readonly Named[]): boolean {
  const keys = new Set(whole.map(({ name, version }) => `${name} ${version}`));
  return part.every(({ name, version }) => keys.has(`${name} ${version}`));
}
