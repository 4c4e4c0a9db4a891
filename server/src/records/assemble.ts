import type { ImportedVex } from '@wharfinger/lib/assess/imported-vex';
import type { RevocationList, TrustRule } from '@wharfinger/lib/assess/judgement-document';
import { mostVexStatements } from '@wharfinger/lib/assess/vex-file';
import { mistakesInBindings } from '@wharfinger/lib/routines/check-bindings';
import { loadCollection } from '@wharfinger/lib/routines/collection';
import { formatPath } from '@wharfinger/lib/routines/plain-check';
import type { Collection } from '@wharfinger/lib/routines/routine';
import type { TrustedKey, TrustedSigner } from '@wharfinger/lib/signing/evidence';
import type { JudgementRecords } from '../access/judgement.ts';
import { dangling, mistakesInCrl, usualFormats, type LoadedTrust } from '../config/load-trust.ts';
import type { PolicyRecord, RecordKind } from '../stores/policy-record-rows.ts';
import type { Documents } from './documents.ts';

/** What is kept of all that decides, as of one version. */
export interface StoredPolicy {
  readonly version: number;
  /** those in force */
  readonly records: readonly PolicyRecord[];
  readonly revocations: RevocationList;
}

/** What the records add to a judgement, and a sentence for everything in which they do not fit. */
export interface Assembled {
  readonly records: AddedByRecords;
  readonly mistakes: readonly string[];
}

/** The parts of a judgement that come from records; what the configuration says stands beside them. */
export type AddedByRecords = Required<Omit<JudgementRecords, 'holds'>>;

/** Characters of what all VEX documents say: the judgement, which others read, has room for other things as well. */
const largestVex = 8 * 1024 * 1024;

/** All of them are read with every change. */
const mostRecords = 20_000;

/**
 * Says what the records add to the configuration. A name that both give is a mistake, and so is a record that names another
 * one that there is not.
 * @param builtIn the collection whose routines bind by default
 */
export async function assemble(
  config: LoadedTrust,
  builtIn: Collection,
  stored: StoredPolicy,
): Promise<Assembled> {
  const mistakes: string[] = [];
  if (stored.records.length > mostRecords)
    mistakes.push(`${stored.records.length} records are in force, more than ${mostRecords}`);
  const of = <K extends RecordKind>(kind: K): Array<Documents[K]> =>
    stored.records.filter((record) => record.kind === kind).map(({ document }) => document as Documents[K]);
  const add = <T>(
    what: string,
    configured: Readonly<Record<string, T>>,
    recorded: Readonly<Record<string, T>>,
  ): Readonly<Record<string, T>> => {
    for (const name of Object.keys(recorded))
      if (Object.hasOwn(configured, name))
        mistakes.push(`the ${what} ${name} stands in the configuration and in a record`);
    return recorded;
  };
  const sigstoreRoots = add(
    'Sigstore root',
    config.sigstoreRoots,
    byName(of('root'), ({ text }) => text),
  );
  const trustStores = add(
    'trust store',
    config.trustStores,
    byName(of('trust-store'), ({ pem }) => pem),
  );
  const signers = signersOf(of('publisher'), of('key'), mistakes);
  const configured = new Set(
    [
      ...config.trust.flatMap((rule) => rule.signers),
      ...config.grantRules.flatMap((rule) => rule.approvers),
    ].map(({ name }) => name),
  );
  for (const { name } of signers.keys.values())
    if (configured.has(name)) mistakes.push(`the signer ${name} stands in the configuration and in a record`);
  mistakes.push(
    ...(await dangling([...signers.keys.values()], {
      sigstoreRoots: { ...config.sigstoreRoots, ...sigstoreRoots },
      trustStores: { ...config.trustStores, ...trustStores },
    })),
  );
  const trust = of('trust').map(({ repositories, publishers, formats }): TrustRule => {
    for (const name of publishers)
      if (!signers.ofPublisher.has(name))
        mistakes.push(`trust for ${repositories}: there is no publisher ${name}`);
    const own = publishers.flatMap((name) => signers.ofPublisher.get(name) ?? []);
    return { pattern: repositories, signers: own, formats: formats ?? usualFormats(own) };
  });
  mistakes.push(...repeated('trust for', config.trust, trust));
  const grantRules = of('grant-rule').map(({ name, scope, approvers, needed, maxHours }) => ({
    scope,
    approvers: approvers.map((wanted) => {
      const approver = signers.keys.get(wanted);
      if (!approver || !('pem' in approver))
        mistakes.push(`grant rule ${name}: ${wanted} is no key that may approve`);
      return approver as TrustedKey;
    }),
    needed,
    maxHours,
  }));
  for (const { name, pem } of of('crl')) {
    const wrong = await mistakesInCrl(pem);
    mistakes.push(...wrong.map((what) => `certificate revocation list ${name}: ${what}`));
  }
  mistakes.push(...repeated('custody layout for', config.custody, of('layout')));
  const collections = of('collection').map(({ text }) => loadCollection(text));
  if (collections.some(({ name }) => name === builtIn.name))
    mistakes.push(`the collection ${builtIn.name} is built in`);
  const bindings = of('binding');
  for (const { path, what } of mistakesInBindings(bindings, [builtIn, ...collections])) {
    const [index, ...field] = path;
    mistakes.push(`binding ${bindings[index as number]?.id}: ${formatPath(field)} ${what}`);
  }
  return {
    mistakes,
    records: {
      trust,
      sigstoreRoots,
      trustStores,
      certificateRevocations: of('crl').map(({ pem }) => pem),
      revocations: stored.revocations,
      custody: of('layout'),
      bindings,
      waivers: of('waiver'),
      vex: vexOf(of('vex'), mistakes),
      grantRules,
      grants: of('grant').map(({ envelopes }) => envelopes),
      collections,
    },
  };
}

/** What was brought in, as judgements have it, and bounded as these are. */
function vexOf(records: ReadonlyArray<Documents['vex']>, mistakes: string[]): readonly ImportedVex[] {
  const vex = records.map(({ id, digest, author, by, scope, statements }): ImportedVex => ({
    id,
    digest,
    ...(author === undefined ? {} : { author }),
    by,
    scope,
    statements,
  }));
  const made = vex.reduce((sum, { statements }) => sum + statements.length, 0);
  if (made > mostVexStatements)
    mistakes.push(`VEX documents make ${made} statements, more than ${mostVexStatements}: remove some`);
  const size = vex.reduce((sum, one) => sum + JSON.stringify(one).length, 0);
  if (size > largestVex)
    mistakes.push(`what VEX documents say takes ${size} characters, more than ${largestVex}: remove some`);
  return vex;
}

function byName<D extends { readonly name: string }, T>(
  documents: readonly D[],
  value: (document: D) => T,
): Record<string, T> {
  return Object.fromEntries(documents.map((document) => [document.name, value(document)]));
}

/** Keys as signers: of the team of their publisher, and its own where they name no principal. */
function signersOf(
  publishers: ReadonlyArray<Documents['publisher']>,
  keys: ReadonlyArray<Documents['key']>,
  mistakes: string[],
): {
  readonly keys: ReadonlyMap<string, TrustedSigner>;
  readonly ofPublisher: ReadonlyMap<string, readonly TrustedSigner[]>;
} {
  const ofPublisher = new Map<string, TrustedSigner[]>(publishers.map(({ name }) => [name, []]));
  const teams = new Map(publishers.map(({ name, team }) => [name, team]));
  const all = new Map<string, TrustedSigner>();
  for (const { publisher, rotatedTo: _, ...said } of keys) {
    if (!teams.has(publisher)) mistakes.push(`key ${said.name}: there is no publisher ${publisher}`);
    const signer = {
      ...said,
      principal: said.principal ?? publisher,
      team: teams.get(publisher),
    } as TrustedSigner;
    all.set(said.name, signer);
    ofPublisher.get(publisher)?.push(signer);
  }
  return { keys: all, ofPublisher };
}

function repeated(
  what: string,
  configured: ReadonlyArray<{ readonly pattern: string }>,
  recorded: ReadonlyArray<{ readonly pattern: string }>,
): string[] {
  const patterns = new Set(configured.map(({ pattern }) => pattern));
  return recorded
    .filter(({ pattern }) => patterns.has(pattern))
    .map(({ pattern }) => `${what} ${pattern} stands in the configuration and in a record`);
}
