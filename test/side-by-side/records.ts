import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** A range of an OSV record. */
export interface OsvRange {
  readonly type: string;
  readonly events: ReadonlyArray<{
    readonly introduced?: string;
    readonly fixed?: string;
    readonly last_affected?: string;
  }>;
}

/** What an OSV record says of one package. */
export interface OsvAffected {
  readonly package: { readonly ecosystem: string; readonly name: string };
  readonly ranges?: readonly OsvRange[];
  readonly versions?: readonly string[];
  readonly database_specific?: Readonly<Record<string, unknown>> & {
    readonly branches?: Readonly<Record<string, { readonly versions: readonly string[] }>>;
  };
}

/** An OSV record, as far as both programs use it. */
export interface OsvRecord {
  readonly id: string;
  readonly aliases?: readonly string[];
  readonly summary?: string;
  readonly details?: string;
  readonly withdrawn?: string;
  readonly affected?: readonly OsvAffected[];
  readonly database_specific?: { readonly severity?: string };
}

/** The sources that both programs are given. */
const sources = [
  'debian12-from-changelogs',
  'alpine-secdb-2020-06-08',
  'almalinux',
  'npm-ghsa-sample',
  'npm-nswg',
  'go',
  'pypi-2026-07-fork',
  'rubygems',
  'packagist',
  'rustsec',
] as const;

/** Where a source lies in the folder of test data. */
export function sourceFile(data: string, source: (typeof sources)[number]): string {
  return join(data, 'osv', `${source}.jsonl.gz`);
}

/** All records of the sources. */
export function readRecords(data: string): OsvRecord[] {
  return sources.flatMap((source) => {
    const text = gunzipSync(readFileSync(sourceFile(data, source))).toString();
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as OsvRecord);
  });
}
