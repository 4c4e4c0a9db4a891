import canonicalize from 'canonicalize';
import { WharfingerError } from '../errors.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import { parseStrictJson } from '../oci/strict-json.ts';
import { loadCollection } from '../routines/collection.ts';
import { mistakesInBindings } from '../routines/check-bindings.ts';
import { demandDefaultRoutines } from '../routines/default-bindings.ts';
import { createPlainCheck, formatPath, type PlainCheck } from '../routines/plain-check.ts';
import { readBinding, readWaiver } from '../routines/read-records.ts';
import { repositoryClasses, repositoryStages } from '../routines/records.ts';
import type { Collection } from '../routines/routine.ts';
import type { Judgement, RepositoryRule } from './judgement-document.ts';
import {
  byName,
  integer,
  listOf,
  oneOf,
  optional,
  repositoryPattern,
  textUpTo,
  time,
  truth,
  type Read,
} from './plain-fields.ts';
import { readImportedVex } from './read-imported-vex.ts';
import { readCustody } from './read-layout.ts';
import { readBoundProbe, readBoundScanner, readGrantRule, readHold } from './read-records.ts';
import { readPem, readRevocations, readTrustRule } from './read-trust.ts';

export type { Judgement, RepositoryRule } from './judgement-document.ts';

/** Larger documents are not read. */
export const longestJudgement = 16 * 1024 * 1024;

/** The document in the one form that is signed and named by its digest: RFC 8785, with the texts of the collections. */
export function serialiseJudgement(judgement: Judgement): string {
  const { collections, ...rest } = judgement;
  return canonical({ ...rest, collections: collections.map(({ text }) => text) });
}

/** What a judgement is known by: the digest of its canonical form. */
export function digestOfJudgement(judgement: Judgement): Digest {
  return digestOf(Buffer.from(serialiseJudgement(judgement)));
}

/** Plain data as RFC 8785 writes it. */
export function canonical(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('there is no JSON for this value');
  return text;
}

const most = 100_000;
const pemText = textUpTo(1024 * 1024);

const fieldNames = [
  'format',
  'registry',
  'registryKey',
  'version',
  'madeAt',
  'expires',
  'repositories',
  'trust',
  'sigstoreRoots',
  'trustStores',
  'certificateRevocations',
  'revocations',
  'custody',
  'probes',
  'scanners',
  'bindings',
  'waivers',
  'vex',
  'grantRules',
  'grants',
  'holds',
  'collections',
];

/**
 * Reads a judgement strictly: what it says and this version does not know could have made a verdict stricter.
 *
 * @throws WharfingerError JUDGEMENT_INVALID naming every mistake
 */
export function parseJudgement(bytes: Uint8Array): Judgement {
  const refuse = (what: string): never => {
    throw new WharfingerError('JUDGEMENT_INVALID', { what });
  };
  if (bytes.length > longestJudgement) refuse(`it is larger than ${longestJudgement} bytes`);
  const check = createPlainCheck();
  const fields = check.fields(parseStrictJson(bytes, refuse), [], fieldNames);
  const at = <T>(name: string, read: Read<T>): T => read(fields[name], [name], check);
  if (fields['format'] !== 2) check.fail(['format'], 'must be 2; another version of wharf made it');
  const names = {
    sigstoreRoots: at('sigstoreRoots', byName(pemText, 100)),
    trustStores: at('trustStores', byName(pemText, 1000)),
  };
  const collections = readCollections(fields['collections'], check);
  const judgement: Judgement = {
    format: 2,
    registry: at('registry', textUpTo(255)),
    ...optional(fields, 'registryKey', [], check, readPem),
    version: at('version', integer(0, Number.MAX_SAFE_INTEGER)),
    madeAt: at('madeAt', time),
    expires: at('expires', time),
    repositories: at('repositories', listOf(readRule, most)),
    trust: at('trust', listOf(readTrustRule(names), most)),
    ...names,
    certificateRevocations: at('certificateRevocations', listOf(pemText, 1000)),
    revocations: at('revocations', readRevocations),
    custody: at('custody', listOf(readCustody, most)),
    ...optional(fields, 'probes', [], check, listOf(readBoundProbe, 10_000)),
    ...optional(fields, 'scanners', [], check, listOf(readBoundScanner, 10_000)),
    bindings: at('bindings', listOf(readBinding, most)),
    waivers: at('waivers', listOf(readWaiver, most)),
    ...optional(fields, 'vex', [], check, listOf(readImportedVex, 20_000)),
    grantRules: at('grantRules', listOf(readGrantRule(names), 1000)),
    grants: at('grants', listOf(listOf(textUpTo(64 * 1024), 100), 10_000)),
    holds: at('holds', listOf(readHold, most)),
    collections,
  };
  for (const { path, what } of mistakesInBindings(judgement.bindings, collections))
    check.fail(['bindings', ...path], what);
  checkWaiverIds(judgement, check);
  if (check.mistakes.length > 0)
    return refuse(check.mistakes.map(({ path, what }) => `${formatPath(path) || 'it'} ${what}`).join('\n'));
  return judgement;
}

/** The first has the routines of the default bindings; no two have one name, for bindings name them. */
function readCollections(value: unknown, check: PlainCheck): readonly Collection[] {
  const texts = check.list(value, ['collections'], 100);
  if (texts.length === 0 && Array.isArray(value)) check.fail(['collections'], 'must hold at least one');
  const collections: Collection[] = [];
  for (const [index, one] of texts.entries()) {
    const path = ['collections', index];
    const text = check.text(one, path, longestJudgement);
    if (text === '') continue;
    try {
      const collection = loadCollection(text);
      if (index === 0) demandDefaultRoutines(collection);
      if (collections.some(({ name }) => name === collection.name))
        check.fail(path, `is the second collection called ${collection.name}`);
      collections.push(collection);
    } catch (error) {
      if (!(error instanceof WharfingerError)) throw error;
      check.fail(path, `cannot be used: ${error.message}`);
    }
  }
  return collections;
}

const readRule: Read<RepositoryRule> = (value, path, check) => {
  const fields = check.fields(value, path, [
    'pattern',
    'namespace',
    'department',
    'class',
    'stage',
    'externalFacing',
    'gate',
    'official',
  ]);
  return {
    pattern: repositoryPattern(fields['pattern'], [...path, 'pattern'], check),
    namespace: textUpTo(255)(fields['namespace'], [...path, 'namespace'], check),
    ...optional(fields, 'department', path, check, textUpTo(200)),
    class: oneOf(repositoryClasses)(fields['class'], [...path, 'class'], check),
    stage: oneOf(repositoryStages)(fields['stage'], [...path, 'stage'], check),
    externalFacing: truth(fields['externalFacing'], [...path, 'externalFacing'], check),
    gate: check.choice(fields['gate'], [...path, 'gate'], ['warn', 'hold'] as const),
    official: truth(fields['official'], [...path, 'official'], check),
  };
};

/** Verdicts name waivers by their ids. */
function checkWaiverIds({ waivers }: Judgement, check: PlainCheck): void {
  const seen = new Set<string>();
  for (const [index, { id }] of waivers.entries()) {
    if (id !== '' && seen.has(id)) check.fail(['waivers', index, 'id'], `stands twice: ${id}`);
    seen.add(id);
  }
}
