import { WharfingerError, type ErrorCode } from '../errors.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import { mistakeInPattern } from '../oci/repository-pattern.ts';
import { createPlainCheck, formatPath, type Path, type PlainCheck } from './plain-check.ts';
import {
  repositoryClasses,
  repositoryStages,
  unwaivable,
  weekdays,
  type BindingRecord,
  type Scope,
  type Waiver,
  type WeeklyHours,
  type Window,
} from './records.ts';
import type { ParameterValues } from './routine.ts';
import { parseTime } from './time.ts';
import { effects, purposes } from './verdict.ts';
import { isZone } from './wall-clock.ts';

type Fields = Readonly<Record<string, unknown>>;

const idShape = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
/** A record, or one of the bindings that a repository has by its gate. */
const overlaidShape = /^(?:default\/)?[a-z0-9]+(?:-[a-z0-9]+)*$/;
const clockShape = /^(?:[01]\d|2[0-3]):[0-5]\d$/;

const bindingFields = [
  'id',
  'collection',
  'routine',
  'parameters',
  'scope',
  'purposes',
  'effect',
  'undecided',
  'window',
  'graceUntil',
  'overlays',
  'delegable',
  'owner',
  'reason',
];

/** Reads a binding; what is wrong with it alone is told to `check`. What it names is checked by `checkBindings`. */
export function readBinding(value: unknown, path: Path, check: PlainCheck): BindingRecord {
  const fields = check.fields(value, path, bindingFields);
  const at = (name: string): Path => [...path, name];
  const named = ['owner', 'reason'].filter((name) => fields[name] !== undefined);
  return {
    id: readId(fields['id'], at('id'), check),
    collection: check.text(fields['collection'], at('collection'), 100),
    routine: check.text(fields['routine'], at('routine'), 100),
    parameters: Object.fromEntries(
      check.entries(fields['parameters'] ?? {}, at('parameters')),
    ) as ParameterValues,
    scope: readScope(fields['scope'] ?? {}, at('scope'), check),
    purposes: readChoices(fields['purposes'], at('purposes'), purposes, check),
    effect: check.choice(fields['effect'], at('effect'), effects),
    ...(fields['undecided'] !== undefined && {
      undecided: check.choice(fields['undecided'], at('undecided'), effects),
    }),
    ...(fields['window'] !== undefined && { window: readWindow(fields['window'], at('window'), check) }),
    ...(fields['graceUntil'] !== undefined && {
      graceUntil: readTime(fields['graceUntil'], at('graceUntil'), check),
    }),
    ...(fields['overlays'] !== undefined && {
      overlays: readOverlaid(fields['overlays'], at('overlays'), check),
    }),
    ...(fields['delegable'] !== undefined && {
      delegable: check.truth(fields['delegable'], at('delegable')),
    }),
    ...Object.fromEntries(named.map((name) => [name, check.text(fields[name], at(name), 1000)])),
  };
}

const waiverFields = ['id', 'routine', 'scope', 'digest', 'advisories', 'owner', 'reason', 'from', 'expires'];

/** Reads a waiver; what is wrong with it is told to `check`. */
export function readWaiver(value: unknown, path: Path, check: PlainCheck): Waiver {
  const fields = check.fields(value, path, waiverFields);
  const at = (name: string): Path => [...path, name];
  const routine = check.text(fields['routine'], at('routine'), 100);
  if (unwaivable.has(routine)) check.fail(at('routine'), `cannot be waived: ${routine}`);
  const from = readTime(fields['from'], at('from'), check);
  const expires = readTime(fields['expires'], at('expires'), check);
  checkOrder(from, expires, at('expires'), check);
  return {
    id: readId(fields['id'], at('id'), check),
    routine,
    scope: readScope(fields['scope'], at('scope'), check),
    ...(fields['digest'] !== undefined && { digest: readDigest(fields['digest'], at('digest'), check) }),
    ...(fields['advisories'] !== undefined && {
      advisories: readTexts(fields['advisories'], at('advisories'), 200, check),
    }),
    owner: check.text(fields['owner'], at('owner'), 1000),
    reason: check.text(fields['reason'], at('reason'), 1000),
    from,
    expires,
  };
}

const scopeFields = [
  'repositories',
  'exceptRepositories',
  'classes',
  'departments',
  'stages',
  'externalFacing',
];

/** Reads a scope. A list that is given must name something: an empty one would silently mean nothing. */
export function readScope(value: unknown, path: Path, check: PlainCheck): Scope {
  const fields = check.fields(value, path, scopeFields);
  const read = <T>(name: keyof Scope, how: (value: unknown, path: Path) => T) =>
    fields[name] === undefined ? {} : { [name]: how(fields[name], [...path, name]) };
  const patterns = (given: unknown, at: Path): readonly string[] => {
    const texts = readTexts(given, at, 255, check);
    for (const [index, pattern] of texts.entries()) {
      const mistake = pattern === '' ? undefined : mistakeInPattern(pattern);
      if (mistake !== undefined) check.fail([...at, index], `is not a repository pattern: ${mistake}`);
    }
    return texts;
  };
  return {
    ...read('repositories', patterns),
    ...read('exceptRepositories', patterns),
    ...read('classes', (given, at) => readChoices(given, at, repositoryClasses, check)),
    ...read('departments', (given, at) => readTexts(given, at, 200, check)),
    ...read('stages', (given, at) => readChoices(given, at, repositoryStages, check)),
    ...read('externalFacing', check.truth),
  };
}

/** Reads a window: dates in their order, hours of a clock, a zone that exists. */
function readWindow(value: unknown, path: Path, check: PlainCheck): Window {
  const fields = check.fields(value, path, ['from', 'until', 'weekly', 'zone', 'pauses']);
  const { weekly, zone, pauses } = fields;
  const dates = readDates(fields, path, check);
  if (zone !== undefined && !isZone(check.text(zone, [...path, 'zone'], 64)))
    check.fail([...path, 'zone'], 'must be a time zone such as Europe/Berlin');
  const at = (name: string): Path => [...path, name];
  if (Array.isArray(weekly) && weekly.length === 0) check.fail(at('weekly'), 'must name some hours');
  return {
    ...dates,
    ...(weekly !== undefined && {
      weekly: check
        .list(weekly, at('weekly'), 50)
        .map((hours, index) => readHours(hours, [...at('weekly'), index], check)),
    }),
    ...(typeof zone === 'string' && { zone }),
    ...(pauses !== undefined && {
      pauses: check.list(pauses, at('pauses'), 200).map((pause, index) => {
        const where = [...at('pauses'), index];
        const { from = '', until = '' } = readDates(
          check.fields(pause, where, ['from', 'until']),
          where,
          check,
        );
        if (from === '' || until === '') check.fail(where, 'needs from and until');
        return { from, until };
      }),
    }),
  };
}

function readHours(value: unknown, path: Path, check: PlainCheck): WeeklyHours {
  const fields = check.fields(value, path, ['days', 'from', 'until']);
  const clock = (name: string): string => {
    const text = check.text(fields[name], [...path, name], 5);
    if (text !== '' && !clockShape.test(text)) check.fail([...path, name], 'must be a time such as 08:30');
    return text;
  };
  return {
    days: readChoices(fields['days'], [...path, 'days'], weekdays, check),
    from: clock('from'),
    until: clock('until'),
  };
}

function readDates(
  fields: Fields,
  path: Path,
  check: PlainCheck,
): { readonly from?: string; readonly until?: string } {
  const dates = Object.fromEntries(
    ['from', 'until']
      .filter((name) => fields[name] !== undefined)
      .map((name) => [name, readTime(fields[name], [...path, name], check)]),
  ) as { readonly from?: string; readonly until?: string };
  checkOrder(dates.from ?? '', dates.until ?? '', [...path, 'until'], check);
  return dates;
}

function checkOrder(from: string, until: string, path: Path, check: PlainCheck): void {
  const [start, end] = [parseTime(from), parseTime(until)];
  if (start !== undefined && end !== undefined && start >= end) check.fail(path, `must be after ${from}`);
}

function readTime(value: unknown, path: Path, check: PlainCheck): string {
  const text = check.text(value, path, 40);
  if (text !== '' && parseTime(text) === undefined)
    check.fail(path, 'must be a time with its zone, such as 2026-03-01T00:00:00Z');
  return text;
}

function readId(value: unknown, path: Path, check: PlainCheck): string {
  const id = check.text(value, path, 100);
  if (id !== '' && !idShape.test(id))
    check.fail(path, 'must be lower-case words joined by -, such as no-root-in-production');
  return id;
}

function readOverlaid(value: unknown, path: Path, check: PlainCheck): string {
  const id = check.text(value, path, 120);
  if (id !== '' && !overlaidShape.test(id))
    check.fail(
      path,
      'must be the id of a binding, or default/ and the name of a routine that binds by default',
    );
  return id;
}

function readDigest(value: unknown, path: Path, check: PlainCheck): Digest {
  if (isDigest(value)) return value;
  check.fail(path, 'must be a digest such as sha256:…, in lower case');
  return `sha256:${'0'.repeat(64)}`;
}

function readTexts(value: unknown, path: Path, longest: number, check: PlainCheck): readonly string[] {
  const texts = check
    .list(value, path, 1000)
    .map((text, index) => check.text(text, [...path, index], longest));
  if (Array.isArray(value) && value.length === 0) check.fail(path, 'must name at least one');
  return texts;
}

function readChoices<T extends string>(
  value: unknown,
  path: Path,
  choices: readonly T[],
  check: PlainCheck,
): readonly T[] {
  if (Array.isArray(value) && value.length === 0) check.fail(path, 'must name at least one');
  return check
    .list(value, path, choices.length)
    .map((one, index) => check.choice(one, [...path, index], choices));
}

/**
 * One binding from plain data, as an API or a file gives it.
 * @throws WharfingerError BINDING_INVALID naming every mistake
 */
export function parseBinding(value: unknown): BindingRecord {
  return readAlone(value, readBinding, 'BINDING_INVALID');
}

/**
 * One waiver from plain data.
 * @throws WharfingerError WAIVER_INVALID naming every mistake
 */
export function parseWaiver(value: unknown): Waiver {
  return readAlone(value, readWaiver, 'WAIVER_INVALID');
}

/** Reads one record, and refuses it with all that is wrong. @throws WharfingerError `code` */
export function readAlone<T>(
  value: unknown,
  read: (value: unknown, path: Path, check: PlainCheck) => T,
  code: ErrorCode,
): T {
  const check = createPlainCheck();
  const record = read(value, [], check);
  if (check.mistakes.length === 0) return record;
  const lines = check.mistakes.map(({ path, what }) => `${formatPath(path) || 'it'} ${what}`);
  throw new WharfingerError(code, { what: lines.join('\n') });
}
