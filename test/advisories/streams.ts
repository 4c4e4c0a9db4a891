import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseOsv } from '@wharfinger/lib/advisories/osv';

/** What publishers did to their databases on one day, as their history has it. */
export interface Day {
  readonly date: string;
  /** the records as they were at the end of the day, by id */
  readonly records: ReadonlyMap<string, object>;
}

interface Change {
  readonly at: string;
  readonly op: 'add' | 'modify' | 'delete';
  readonly id: string;
  readonly record?: object;
}

/** The states of a database day by day, from an update stream of the test data. */
export function daysOf(file: string): Day[] {
  const path = join(process.env['WHARFINGER_TEST_DATA']!, 'changes', file);
  const changes = gunzipSync(readFileSync(path))
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Change);
  const records = new Map<string, object>();
  const days: Day[] = [];
  for (const [date, group] of [...Map.groupBy(changes, ({ at }) => at.slice(0, 10))].sort(([a], [b]) =>
    a < b ? -1 : 1,
  )) {
    for (const { op, id, record } of group) {
      if (op === 'delete') records.delete(id);
      else records.set(id, record!);
    }
    days.push({ date, records: new Map(records) });
  }
  return days;
}

/** A snapshot as feeds read it. */
export function linesOf(records: Iterable<object>): string {
  return [...records].map((record) => `${JSON.stringify(record)}\n`).join('');
}

/** Package versions that one of these records, or another, affects: just before a fix, and at it. */
export function versionsIn(
  records: Iterable<object>,
): Array<{ readonly ecosystem: string; readonly name: string; readonly version: string }> {
  const found = new Map<string, { ecosystem: string; name: string; version: string }>();
  for (const record of records)
    for (const { ecosystem, name, ranges } of parseOsv(record).affected)
      for (const event of ranges.flatMap((range) => range.events)) {
        const version = 'fixed' in event ? event.fixed : 'introduced' in event ? event.introduced : undefined;
        if (version === undefined || version === '0') continue;
        found.set(`${ecosystem} ${name} ${version}`, { ecosystem, name, version });
      }
  return [...found.values()];
}
