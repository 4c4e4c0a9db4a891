import { WharfingerError } from '../errors.ts';
import { splitLines } from './json-values.ts';
import { inflate } from './source-stream.ts';
import { isCve, steppedEpss, type Threat } from './threats.ts';

/** What a catalogue says, by CVE, and when it was published. */
export interface ThreatList {
  readonly threats: ReadonlyMap<string, Threat>;
  /** RFC 3339; absent: it does not say */
  readonly published?: string;
}

/** CISA's has some 1500 entries in 1.5 MB. */
const largestCatalogue = 64 * 1024 * 1024;
/** There are some 350,000 CVEs. */
const mostEntries = 2_000_000;
const longestLine = 1000;

/**
 * Reads a catalogue of exploited vulnerabilities in the form of CISA's KEV (known_exploited_vulnerabilities.json), gzipped or not.
 * Nothing of it counts where any entry cannot be read: what is left out could be what counts.
 *
 * @throws WharfingerError ADVISORIES_UNREADABLE
 */
export async function readKev(name: string, chunks: AsyncIterable<Uint8Array>): Promise<ThreatList> {
  return guarded(name, async () => {
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of inflate(chunks)) {
      size += chunk.length;
      if (size > largestCatalogue) throw new RangeError(`it has more than ${largestCatalogue} bytes`);
      parts.push(chunk);
    }
    const document: unknown = JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts)),
    );
    const { vulnerabilities, dateReleased, count } = fieldsOf(document, 'it');
    if (!Array.isArray(vulnerabilities)) throw new TypeError('it has no list "vulnerabilities"');
    if (vulnerabilities.length === 0) throw new RangeError('it has no entries');
    if (vulnerabilities.length > mostEntries) throw new RangeError(`it has more than ${mostEntries} entries`);
    if (typeof count === 'number' && count !== vulnerabilities.length)
      throw new RangeError(`it says that it has ${count} entries, and has ${vulnerabilities.length}`);
    const threats = new Map<string, Threat>();
    for (const [at, entry] of (vulnerabilities as unknown[]).entries()) {
      const where = `vulnerabilities[${at}]`;
      const { cveID, dateAdded, dueDate } = fieldsOf(entry, where);
      if (typeof cveID !== 'string' || !isCve(cveID)) throw new TypeError(`${where}.cveID is no CVE`);
      const added = dayOf(dateAdded, `${where}.dateAdded`);
      const due = dueDate === undefined || dueDate === '' ? undefined : dayOf(dueDate, `${where}.dueDate`);
      threats.set(cveID, { exploited: { added, ...(due === undefined ? {} : { due }) } });
    }
    const published = typeof dateReleased === 'string' ? parseTime(dateReleased) : undefined;
    return { threats, ...(published === undefined ? {} : { published: new Date(published).toISOString() }) };
  });
}

/**
 * Reads scores of EPSS in the form that FIRST publishes them (epss_scores-current.csv.gz): a comment with the date, a line of
 * names, then `cve,epss,percentile`. Each is rounded to its step. Nothing of it counts where any line cannot be read.
 *
 * @throws WharfingerError ADVISORIES_UNREADABLE
 */
export async function readEpss(name: string, chunks: AsyncIterable<Uint8Array>): Promise<ThreatList> {
  return guarded(name, async () => {
    const threats = new Map<string, Threat>();
    // Few combinations of steps exist: they are shared.
    const shared = new Map<string, Threat>();
    let published: string | undefined;
    let columns: readonly string[] | undefined;
    let number = 0;
    for await (const slice of splitLines(inflate(chunks), longestLine)) {
      number += 1;
      if ('tooLong' in slice) throw new RangeError(`line ${number} is longer than ${longestLine} bytes`);
      const line = slice.bytes.toString('latin1').trim();
      if (line === '') continue;
      if (line.startsWith('#')) {
        const date = /score_date:([0-9T:.+Z-]{10,35})/.exec(line)?.[1];
        const time = date === undefined ? undefined : timeOfScores(date);
        if (time !== undefined) published = new Date(time).toISOString();
        continue;
      }
      const cells = line.split(',');
      if (columns === undefined) {
        columns = cells;
        if (columns[0] !== 'cve' || columns[1] !== 'epss' || columns[2] !== 'percentile')
          throw new TypeError('its first line does not name cve, epss, percentile');
        continue;
      }
      const [cve = '', score, percentile] = cells;
      if (!isCve(cve)) throw new TypeError(`line ${number} does not begin with a CVE`);
      const epss = steppedEpss(shareOf(score, number), shareOf(percentile, number));
      const key = `${epss.score} ${epss.percentile}`;
      const threat = shared.get(key) ?? { epss };
      shared.set(key, threat);
      threats.set(cve, threat);
      if (threats.size > mostEntries) throw new RangeError(`it has more than ${mostEntries} entries`);
    }
    if (threats.size === 0) throw new RangeError('it has no scores');
    return { threats, ...(published === undefined ? {} : { published }) };
  });
}

/** FIRST writes the zone as +0000. */
function timeOfScores(date: string): number | undefined {
  return parseTime(date.replace(/([+-]\d\d)(\d\d)$/, '$1:$2')) ?? parseTime(`${date}T00:00:00Z`);
}

const timeShape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** Milliseconds since 1970 of an RFC 3339 time; undefined for any other text. */
function parseTime(text: string): number | undefined {
  const ms = timeShape.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

function shareOf(text: string | undefined, line: number): number {
  const value = text === undefined || !/^[0-9.eE+-]{1,30}$/.test(text) ? Number.NaN : Number(text);
  if (!(value >= 0 && value <= 1))
    throw new RangeError(`line ${line} has a number that is not between 0 and 1`);
  return value;
}

function dayOf(value: unknown, where: string): string {
  const time = typeof value === 'string' ? (parseTime(value) ?? parseTime(`${value}T00:00:00Z`)) : undefined;
  if (time === undefined) throw new TypeError(`${where} is no date`);
  return new Date(time).toISOString();
}

function fieldsOf(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError(`${where} is not a JSON object`);
  return value as Readonly<Record<string, unknown>>;
}

async function guarded<T>(name: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new WharfingerError('ADVISORIES_UNREADABLE', { what: `${name}: ${what}`, cause });
  }
}
