import { WharfingerError } from '../errors.ts';
import { mistakeInPattern, mostSpecific } from '../oci/repository-pattern.ts';
import { parseStrictJson } from '../oci/strict-json.ts';
import { loadCollection } from '../routines/collection.ts';
import { bindingsFor, routineNamed } from '../routines/default-bindings.ts';
import { mistakesInParameters } from '../routines/parameter.ts';
import { createPlainCheck, formatPath, type Path, type PlainCheck } from '../routines/plain-check.ts';
import type { Binding, Collection, ParameterValues } from '../routines/routine.ts';
import { parseTime } from '../routines/time.ts';
import type { Effect, Purpose } from '../routines/verdict.ts';
import type { TrustedKey } from '../signing/evidence.ts';
import { parsePublicKey } from '../signing/keys.ts';

/**
 * Everything that decides, in one document, so that others judge as the registry does. This plain form is not signed:
 * it is as trustworthy as the way that it came.
 */
export interface Judgement {
  readonly format: 1;
  /** RFC 3339 */
  readonly madeAt: string;
  /** how repositories are judged; the most specific pattern counts. One that none matches has `gate: warn` */
  readonly repositories: readonly RepositoryRule[];
  /** whose signatures count; the most specific pattern counts */
  readonly trust: ReadonlyArray<{ readonly pattern: string; readonly keys: readonly TrustedKey[] }>;
  /** the routines, whole: in the document stands their text */
  readonly collection: Collection;
}

/** How the repositories of a pattern are judged. */
export interface RepositoryRule {
  readonly pattern: string;
  readonly gate: 'warn' | 'hold';
  readonly official: boolean;
  /** in place of the default bindings of the same routines, and besides the others */
  readonly bindings: readonly RuleBinding[];
}

/** A binding that names its routine. */
export interface RuleBinding {
  readonly routine: string;
  readonly parameters: ParameterValues;
  readonly effect: Effect;
  /** effect where the routine cannot be decided; absent: the same effect */
  readonly undecided?: Effect;
  readonly purposes: readonly Purpose[];
}

/** What of a judgement counts for one repository. */
export function rulesFor(
  judgement: Judgement,
  repository: string,
): { readonly bindings: readonly Binding[]; readonly trustedKeys: readonly TrustedKey[] } {
  const { collection } = judgement;
  const trustedKeys = mostSpecific(judgement.trust, repository)?.keys ?? [];
  const rule = mostSpecific(judgement.repositories, repository);
  const policy = {
    gate: rule?.gate ?? 'warn',
    official: rule?.official ?? false,
    keysTrusted: trustedKeys.length > 0,
  };
  const own = rule?.bindings ?? [];
  const bindings = [
    ...bindingsFor(policy, collection).filter(
      ({ routine }) => !own.some((one) => one.routine === routine.name),
    ),
    ...own.map((binding) => ({ ...binding, routine: routineNamed(binding.routine, collection) })),
  ];
  return { bindings, trustedKeys };
}

/** The document, as `wharf judgement export` writes it: JSON, the same for the same judgement. */
export function serialiseJudgement({ format, madeAt, repositories, trust, collection }: Judgement): string {
  const document = {
    format,
    madeAt,
    repositories: repositories.map(({ pattern, gate, official, bindings }) => ({
      pattern,
      gate,
      official,
      bindings: bindings.map(({ routine, parameters, effect, undecided, purposes }) => ({
        routine,
        parameters: Object.fromEntries(Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1))),
        effect,
        undecided,
        purposes,
      })),
    })),
    trust: trust.map(({ pattern, keys }) => ({
      pattern,
      keys: keys.map(({ name, pem }) => ({ name, pem })),
    })),
    collection: collection.text,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** Larger documents are not read. */
const longest = 16 * 1024 * 1024;

/**
 * Reads a judgement strictly: what it says and this version does not know could have made a verdict stricter.
 *
 * @throws WharfingerError JUDGEMENT_INVALID naming every mistake
 */
export function parseJudgement(bytes: Uint8Array): Judgement {
  const refuse = (what: string): never => {
    throw new WharfingerError('JUDGEMENT_INVALID', { what });
  };
  if (bytes.length > longest) refuse(`it is larger than ${longest} bytes`);
  const check = createPlainCheck();
  const value = parseStrictJson(bytes, refuse);
  const fields = check.fields(value, [], ['format', 'madeAt', 'repositories', 'trust', 'collection']);
  if (fields['format'] !== 1) check.fail(['format'], 'must be 1; another version of wharf made it');
  const madeAt = check.text(fields['madeAt'], ['madeAt'], 40);
  if (madeAt !== '' && parseTime(madeAt) === undefined)
    check.fail(['madeAt'], 'must be a time as RFC 3339 has it');
  const collection = readCollection(check.text(fields['collection'], ['collection'], longest), check);
  const repositories = check
    .list(fields['repositories'], ['repositories'], 100_000)
    .map((rule, index) => readRule(rule, ['repositories', index], collection, check));
  const trust = check
    .list(fields['trust'], ['trust'], 100_000)
    .map((entry, index) => readTrust(entry, ['trust', index], check));
  if (collection === undefined || check.mistakes.length > 0)
    return refuse(check.mistakes.map(({ path, what }) => `${formatPath(path) || 'it'} ${what}`).join('\n'));
  return { format: 1, madeAt, repositories, trust, collection };
}

function readCollection(text: string, check: PlainCheck): Collection | undefined {
  if (text === '') return undefined;
  try {
    const collection = loadCollection(text);
    bindingsFor({ gate: 'hold', official: true, keysTrusted: true }, collection);
    return collection;
  } catch (error) {
    if (!(error instanceof WharfingerError)) throw error;
    check.fail(['collection'], `cannot be used: ${error.message}`);
    return undefined;
  }
}

function readPattern(value: unknown, path: Path, check: PlainCheck): string {
  const pattern = check.text(value, path, 255);
  const mistake = pattern === '' ? undefined : mistakeInPattern(pattern);
  if (mistake !== undefined) check.fail(path, `is not a repository pattern: ${mistake}`);
  return pattern;
}

function readRule(
  value: unknown,
  path: Path,
  collection: Collection | undefined,
  check: PlainCheck,
): RepositoryRule {
  const fields = check.fields(value, path, ['pattern', 'gate', 'official', 'bindings']);
  return {
    pattern: readPattern(fields['pattern'], [...path, 'pattern'], check),
    gate: check.choice(fields['gate'], [...path, 'gate'], ['warn', 'hold'] as const),
    official: check.truth(fields['official'], [...path, 'official']),
    bindings: check
      .list(fields['bindings'], [...path, 'bindings'], 1000)
      .map((binding, index) => readBinding(binding, [...path, 'bindings', index], collection, check)),
  };
}

const effects = ['warn', 'hold', 'deny'] as const;
const purposes = ['pull', 'push', 'deploy', 'promote'] as const;

function readBinding(
  value: unknown,
  path: Path,
  collection: Collection | undefined,
  check: PlainCheck,
): RuleBinding {
  const fields = check.fields(value, path, ['routine', 'parameters', 'effect', 'undecided', 'purposes']);
  const name = check.text(fields['routine'], [...path, 'routine'], 100);
  const parameters = Object.fromEntries(
    check.entries(fields['parameters'], [...path, 'parameters']),
  ) as ParameterValues;
  const routine = collection?.routines.find((one) => one.name === name);
  if (collection && name !== '' && !routine)
    check.fail([...path, 'routine'], `names no routine of the collection ${collection.name}: ${name}`);
  for (const mistake of routine ? mistakesInParameters(parameters, routine.parameters) : [])
    check.fail([...path, 'parameters'], mistake);
  return {
    routine: name,
    parameters,
    effect: check.choice(fields['effect'], [...path, 'effect'], effects),
    ...(fields['undecided'] === undefined
      ? {}
      : { undecided: check.choice(fields['undecided'], [...path, 'undecided'], effects) }),
    purposes: check
      .list(fields['purposes'], [...path, 'purposes'], purposes.length)
      .map((purpose, index) => check.choice(purpose, [...path, 'purposes', index], purposes)),
  };
}

function readTrust(value: unknown, path: Path, check: PlainCheck): Judgement['trust'][number] {
  const fields = check.fields(value, path, ['pattern', 'keys']);
  const keys = check.list(fields['keys'], [...path, 'keys'], 1000).map((entry, index) => {
    const at = [...path, 'keys', index];
    const key = check.fields(entry, at, ['name', 'pem']);
    return readKey(
      {
        name: check.text(key['name'], [...at, 'name'], 200),
        pem: check.text(key['pem'], [...at, 'pem'], 16_384),
      },
      at,
      check,
    );
  });
  return { pattern: readPattern(fields['pattern'], [...path, 'pattern'], check), keys };
}

function readKey(key: TrustedKey, path: Path, check: PlainCheck): TrustedKey {
  if (key.pem === '') return key;
  try {
    parsePublicKey(key);
  } catch (error) {
    if (!(error instanceof WharfingerError)) throw error;
    check.fail(path, error.message);
  }
  return key;
}
