import { WharfingerError } from '../errors.ts';
import { comparableName } from '../inspect/comparable-name.ts';
import type { Advisory, Affected, AffectedRange } from './advisory.ts';
import { inModule } from './modules.ts';
import { readNativeRanges } from './native-ranges/native-ranges.ts';
import { displayText, isFields, RecordReader, type Fields } from './osv-fields.ts';
import { readSeverity, worse } from './osv-severity.ts';

const longestSummary = 500;
const mostReferences = 50;
/** Errata of distributions: what they list as related is what they fix, not merely something similar. */
const erratum =
  /^(?:DSA|DLA|DTSA|ALSA|ALBA|ALEA|RLSA|RXSA|RHSA|RHBA|RHEA|ELSA|USN|LSN|SUSE-[A-Z]U|openSUSE-[A-Z]U|ALAS|MGASA)[-0-9:]/;
const identifier = /^[\u0021-\u007e][\u0020-\u007e]{0,255}$/;
const cve = /^CVE-[0-9]{4}-[0-9]{4,}$/;

/**
 * Reads one OSV record (https://ossf.github.io/osv-schema/). Tolerant of what real databases leave out or add; strict in
 * what decides a match. Ranges of type GIT do not count: images hold versions, not commits.
 *
 * @param record parsed JSON
 * @param origin where it was read, for messages about records without an id
 * @throws WharfingerError ADVISORY_INVALID, naming record and field
 */
export function parseOsv(record: unknown, origin = 'record'): Advisory {
  if (!isFields(record)) {
    throw new WharfingerError('ADVISORY_INVALID', { what: `${origin} is not a JSON object` });
  }
  const id = record['id'];
  if (typeof id !== 'string' || !identifier.test(id)) {
    throw new WharfingerError('ADVISORY_INVALID', {
      what: `${origin}: id must be printable ASCII of at most 256 characters`,
    });
  }
  const reader = new RecordReader(id);
  const summary = readSummary(reader, record);
  const affected = reader
    .list(record['affected'], 'affected')
    .flatMap((item, at) => readAffected(reader, item, `affected[${at}]`))
    .map((item) => inModule(item, summary));
  const aliases = readAliases(reader, id, record);
  const { severity, score } = affectedSeverities(record).reduce(worse, readSeverity(record));
  return {
    id,
    aliases,
    summary,
    severity,
    ...(score === undefined ? {} : { score }),
    ...readTimes(reader, record),
    malicious: [id, ...aliases].some((alias) => alias.startsWith('MAL-')),
    affected,
    references: readReferences(reader, record['references']),
  };
}

/** The times that the record has. */
function readTimes(
  reader: RecordReader,
  record: Fields,
): Pick<Advisory, 'published' | 'modified' | 'withdrawn'> {
  const published = reader.time(record['published'], 'published');
  const modified = reader.time(record['modified'], 'modified');
  const withdrawn = reader.time(record['withdrawn'], 'withdrawn');
  return {
    ...(published === undefined ? {} : { published }),
    ...(modified === undefined ? {} : { modified }),
    ...(withdrawn === undefined ? {} : { withdrawn }),
  };
}

/** Severities given per package count for the whole only where the record itself has none. */
function affectedSeverities(record: Fields) {
  if (readSeverity(record).score !== undefined || !Array.isArray(record['affected'])) return [];
  const items: readonly unknown[] = record['affected'];
  return items.filter(isFields).map(readSeverity);
}

/** Other names of the same thing: `aliases`, `upstream`, for errata of distributions the CVEs that are `related`. */
function readAliases(reader: RecordReader, id: string, record: Fields): readonly string[] {
  const names = new Set(reader.strings(record['aliases'], 'aliases'));
  for (const alias of reader.strings(record['upstream'], 'upstream')) names.add(alias);
  const related = reader.strings(record['related'], 'related');
  if (erratum.test(id)) {
    for (const alias of related) if (cve.test(alias)) names.add(alias);
  }
  // Some sources misspell it ("CVE 2018-16859"), some put their own name in front (DEBIAN-CVE-2018-16859).
  const inner = /(?:^|-)CVE[ _-]([0-9]{4}-[0-9]{4,})$/.exec(id)?.[1];
  if (inner !== undefined) names.add(`CVE-${inner}`);
  names.delete(id);
  return [...names].filter((alias) => identifier.test(alias));
}

function readSummary(reader: RecordReader, record: Fields): string {
  const text =
    reader.optionalText(record['summary'], 'summary') || reader.optionalText(record['details'], 'details');
  const line = displayText(text.trimStart().split('\n', 1)[0] ?? '');
  return line.length > longestSummary ? `${line.slice(0, longestSummary - 1)}…` : line;
}

function readReferences(reader: RecordReader, value: unknown): readonly string[] {
  return reader
    .list(value, 'references')
    .map((item) => (isFields(item) ? item['url'] : undefined))
    .filter(
      (url): url is string => typeof url === 'string' && /^https?:\/\/[\u0021-\u007e]{1,2000}$/.test(url),
    )
    .slice(0, mostReferences);
}

function readAffected(reader: RecordReader, value: unknown, field: string): readonly Affected[] {
  const fields = reader.object(value, field) ?? reader.refuse(field, 'must be an object');
  const named = reader.object(fields['package'], `${field}.package`);
  // Without a package an entry speaks of commits of a repository only.
  if (named === undefined) return [];
  const ranges = reader
    .list(fields['ranges'], `${field}.ranges`)
    .flatMap((range, at) => readRange(reader, range, `${field}.ranges[${at}]`));
  const versions = reader.strings(fields['versions'], `${field}.versions`);
  const ecosystem = reader.text(named['ecosystem'], `${field}.package.ecosystem`);
  const specific = fields['database_specific'];
  const namesNone = ranges.length === 0 && versions.length === 0;
  if (namesNone && saysUnaffected(specific)) return [];
  const native = namesNone ? readNativeRanges(ecosystem, specific) : undefined;
  if (native?.length === 0) return [];
  const { severity } = readSeverity(fields);
  return [
    {
      ecosystem,
      name: comparableName(ecosystem, reader.text(named['name'], `${field}.package.name`)),
      versions,
      ranges: native ?? ranges,
      ...(severity === 'unscored' ? {} : { severity }),
    },
  ];
}

/** Distributions list releases that a flaw never reached; such an entry names no versions. */
function saysUnaffected(specific: unknown): boolean {
  return isFields(specific) && (specific['not_affected'] === true || specific['state'] === '<not-affected>');
}

function readRange(reader: RecordReader, value: unknown, field: string): readonly AffectedRange[] {
  const fields = reader.object(value, field) ?? reader.refuse(field, 'must be an object');
  const type = fields['type'];
  if (type === 'GIT') return [];
  if (type !== 'SEMVER' && type !== 'ECOSYSTEM') {
    return reader.refuse(`${field}.type`, 'must be SEMVER, ECOSYSTEM or GIT');
  }
  const events = reader
    .list(fields['events'], `${field}.events`)
    .flatMap((event, at) => readEvent(reader, event, `${field}.events[${at}]`));
  if (!events.some((event) => 'introduced' in event)) {
    // Such a range could never match, which the record cannot mean.
    return reader.refuse(`${field}.events`, 'must have an event "introduced"');
  }
  return [{ type, events }];
}

function readEvent(reader: RecordReader, value: unknown, field: string): readonly RangeEvent[] {
  const fields = reader.object(value, field) ?? reader.refuse(field, 'must be an object');
  const at = (key: string): string => reader.text(fields[key], `${field}.${key}`);
  const events: RangeEvent[] = [];
  if ('introduced' in fields) events.push({ introduced: at('introduced') });
  if ('fixed' in fields) events.push({ fixed: at('fixed') });
  if ('last_affected' in fields) events.push({ lastAffected: at('last_affected') });
  if ('limit' in fields) events.push({ limit: at('limit') });
  return events.length > 0
    ? events
    : reader.refuse(field, 'must be one of introduced, fixed, last_affected, limit');
}

type RangeEvent = AffectedRange['events'][number];
