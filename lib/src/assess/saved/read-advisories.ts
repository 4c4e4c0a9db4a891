import type { Advisory, Affected, AffectedRange } from '../../advisories/advisory.ts';
import { WharfingerError } from '../../errors.ts';
import { parseStrictJson } from '../../oci/strict-json.ts';
import { createPlainCheck, formatPath, type Path, type PlainCheck } from '../../routines/plain-check.ts';
import type { AdvisoryAge } from '../../advisories/ages.ts';
import type { Epss, Exploited } from '../../advisories/threats.ts';
import type { KnownAdvisories, KnownThreat } from '../match-advisories.ts';
import { digest, listOf, oneOf, optional, textUpTo, time, truth, type Read } from '../plain-fields.ts';

const severities = ['none', 'low', 'medium', 'high', 'critical', 'unscored'] as const;
const text = textUpTo(64 * 1024);
const version = textUpTo(1000);
const most = 1_000_000;

/**
 * Reads the advisories of an archive. They are not signed themselves: what was changed in them gives other facts than those
 * that the receipt names.
 *
 * @throws WharfingerError EVIDENCE_CHANGED naming every mistake
 */
export function readSavedAdvisories(bytes: Uint8Array): KnownAdvisories {
  const refuse = (what: string): never => {
    throw new WharfingerError('EVIDENCE_CHANGED', { what: `the advisories: ${what}` });
  };
  const check = createPlainCheck();
  const names = ['generation', 'covered', 'ages', 'threats', 'records'];
  const fields = check.fields(parseStrictJson(bytes, refuse), [], names);
  const generation = digest(fields['generation'], ['generation'], check);
  const covered = listOf(version, most)(fields['covered'], ['covered'], check);
  const ages = readAges(fields['ages'], ['ages'], check);
  const threats =
    fields['threats'] === undefined ? [] : listOf(readThreat, most)(fields['threats'], ['threats'], check);
  const records = listOf(readRecord, most)(fields['records'], ['records'], check);
  if (check.mistakes.length > 0) {
    const lines = check.mistakes.slice(0, 20).map(({ path, what }) => `${formatPath(path)} ${what}`);
    refuse(lines.join('; '));
  }
  const dates = new Map(records.map(({ advisory, firstImported }) => [advisory.id, new Date(firstImported)]));
  return {
    records: () => records.map(({ advisory }) => advisory),
    firstImported: (id) => dates.get(id),
    generation,
    covered,
    agesOf: (image) => ages.get(image) ?? [],
    threats: () => threats,
  };
}

/** Absent in archives of older versions. */
const readAges = (
  value: unknown,
  path: Path,
  check: PlainCheck,
): ReadonlyMap<string, readonly AdvisoryAge[]> => {
  const entries = value === undefined ? [] : check.entries(value, path);
  return new Map(
    entries.map(([image, list]) => [image, listOf(readAge, most)(list, [...path, image], check)]),
  );
};

const readAge: Read<AdvisoryAge> = (value, path, check) => {
  const fields = check.fields(value, path, ['of', 'fetched', 'newest']);
  return {
    of: version(fields['of'], [...path, 'of'], check),
    fetched: time(fields['fetched'], [...path, 'fetched'], check),
    ...optional(fields, 'newest', path, check, time),
  };
};

const readThreat: Read<KnownThreat> = (value, path, check) => {
  const [cve, said] =
    Array.isArray(value) && value.length === 2 ? (value as unknown[]) : [undefined, undefined];
  const fields = check.fields(said, path, ['exploited', 'epss']);
  return [
    version(cve, [...path, 0], check),
    {
      ...optional(fields, 'exploited', path, check, readExploited),
      ...optional(fields, 'epss', path, check, readEpss),
    },
  ];
};

const readExploited: Read<Exploited> = (value, path, check) => {
  const fields = check.fields(value, path, ['added', 'due']);
  return {
    added: time(fields['added'], [...path, 'added'], check),
    ...optional(fields, 'due', path, check, time),
  };
};

const readEpss: Read<Epss> = (value, path, check) => {
  const fields = check.fields(value, path, ['score', 'percentile']);
  return {
    score: number(fields['score'], [...path, 'score'], check),
    percentile: number(fields['percentile'], [...path, 'percentile'], check),
  };
};

const readRecord: Read<{ advisory: Advisory; firstImported: string }> = (value, path, check) => {
  const fields = check.fields(value, path, ['advisory', 'firstImported']);
  return {
    advisory: readAdvisory(fields['advisory'], [...path, 'advisory'], check),
    firstImported: time(fields['firstImported'], [...path, 'firstImported'], check),
  };
};

/** A text that may be empty. */
const anyText: Read<string> = (value, path, check) => (value === '' ? '' : text(value, path, check));

/** What a record says of its time, as it says it: what is no time is judged as none. */
const number: Read<number> = (value, path, check) => {
  if (typeof value === 'number') return value;
  check.fail(path, 'must be a number');
  return 0;
};

const readAdvisory: Read<Advisory> = (value, path, check) => {
  const names = ['id', 'aliases', 'summary', 'severity', 'score', 'published', 'modified', 'withdrawn'];
  const fields = check.fields(value, path, [...names, 'malicious', 'affected', 'references']);
  return {
    id: version(fields['id'], [...path, 'id'], check),
    aliases: listOf(version, most)(fields['aliases'], [...path, 'aliases'], check),
    summary: anyText(fields['summary'], [...path, 'summary'], check),
    severity: oneOf(severities)(fields['severity'], [...path, 'severity'], check),
    ...optional(fields, 'score', path, check, number),
    ...optional(fields, 'published', path, check, version),
    ...optional(fields, 'modified', path, check, version),
    ...optional(fields, 'withdrawn', path, check, version),
    malicious: truth(fields['malicious'], [...path, 'malicious'], check),
    affected: listOf(readAffected, most)(fields['affected'], [...path, 'affected'], check),
    references: listOf(anyText, most)(fields['references'], [...path, 'references'], check),
  };
};

const readAffected: Read<Affected> = (value, path, check) => {
  const fields = check.fields(value, path, ['ecosystem', 'name', 'versions', 'ranges', 'severity']);
  return {
    ecosystem: version(fields['ecosystem'], [...path, 'ecosystem'], check),
    name: version(fields['name'], [...path, 'name'], check),
    versions: listOf(version, most)(fields['versions'], [...path, 'versions'], check),
    ranges: listOf(readRange, most)(fields['ranges'], [...path, 'ranges'], check),
    ...optional(fields, 'severity', path, check, oneOf(severities)),
  };
};

const readRange: Read<AffectedRange> = (value, path, check) => {
  const fields = check.fields(value, path, ['type', 'events']);
  return {
    type: oneOf(['SEMVER', 'ECOSYSTEM'] as const)(fields['type'], [...path, 'type'], check),
    events: listOf(readEvent, most)(fields['events'], [...path, 'events'], check),
  };
};

const readEvent: Read<AffectedRange['events'][number]> = (value, path, check) => {
  const kinds = ['introduced', 'fixed', 'lastAffected', 'limit'] as const;
  const fields = check.fields(value, path, kinds);
  const given = kinds.filter((kind) => fields[kind] !== undefined);
  const [kind = 'introduced'] = given;
  if (given.length !== 1) check.fail(path, `must have exactly one of ${kinds.join(', ')}`);
  const at = version(fields[kind], [...path, kind], check);
  return { [kind]: at } as AffectedRange['events'][number];
};
