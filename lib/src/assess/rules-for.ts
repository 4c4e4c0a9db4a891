import type { CustodyLayout } from '../custody/layout.ts';
import { matchesRepository, mostSpecific } from '../oci/repository-pattern.ts';
import { defaultBindings } from '../routines/default-bindings.ts';
import { effectiveBindings } from '../routines/effective-bindings.ts';
import type { RepositoryFacts } from '../routines/facts.ts';
import { probesFor, type BoundProbe } from '../probes/bound-probe.ts';
import type { Exceptions } from '../routines/records.ts';
import type { Binding } from '../routines/routine.ts';
import type { Purpose } from '../routines/verdict.ts';
import { isTrustedFor, signatureFormats, type TrustedSigner, type TrustSet } from '../signing/evidence.ts';
import { registryItself } from '../signing/trusted-signers.ts';
import { grantsFor, type CheckedGrants } from './grants.ts';
import type { ImportedVex } from './imported-vex.ts';
import type { Judgement, RepositoryRule } from './judgement-document.ts';

/** What of a judgement counts for the images of one repository, at one time. */
export interface Rules {
  readonly repository: RepositoryFacts;
  readonly gate: 'warn' | 'hold';
  readonly bindings: readonly Binding[];
  /** whose signatures count now; besides them the registry itself, for what its probes found */
  readonly trust: TrustSet;
  /** all that the trust policy names for the repository, whether they count now or not */
  readonly signers: readonly TrustedSigner[];
  /** why no signature counts, whoever made it; absent: those of `trust` do */
  readonly noneCounts?: string;
  readonly custody?: CustodyLayout;
  /** what is run on its images: what others find counts for nothing */
  readonly probes: readonly BoundProbe[];
  /** names of the scanners that the registry asks about its images, in order */
  readonly scanners: readonly string[];
  readonly exceptions: Exceptions;
  /** what was brought in, for whatever repositories: the list of the judgement itself */
  readonly vex: readonly ImportedVex[];
  /** RFC 3339: time alone changes these rules then, but for the end of the revocation list; absent: it does not */
  readonly validUntil?: string;
  /** RFC 3339: the end of the revocation list, where it matters; who has a newer list with the same entries has the same rules */
  readonly listUntil?: string;
}

/** How a repository is judged that no rule names: checked and served. */
export const unmatchedRepository: RepositoryRule = {
  pattern: '**',
  namespace: '*',
  class: 'private',
  stage: 'development',
  externalFacing: false,
  gate: 'warn',
  official: false,
};

/**
 * What of a judgement counts for a repository. Pure: the same for the same judgement and time, wherever it is asked.
 *
 * While the revocation list is out of date nobody can tell who still counts, so that nobody does.
 */
export function rulesFor(judgement: Judgement, repository: string, purpose: Purpose, now: Date): Rules {
  const rule = mostSpecific(judgement.repositories, repository) ?? unmatchedRepository;
  const trusted = mostSpecific(judgement.trust, repository);
  const signers = trusted?.signers ?? [];
  const { expires, entries } = judgement.revocations;
  const outdated = Date.parse(expires) <= now.getTime();
  const custody = mostSpecific(judgement.custody, repository)?.layout;
  const policy = {
    gate: rule.gate,
    official: rule.official,
    keysTrusted: signers.some((signer) => isTrustedFor(signer, 'release')),
  };
  const facts = repositoryFacts(rule, repository);
  const { collections } = judgement;
  const defaults = defaultBindings(policy, collections[0]!.name);
  const bound = effectiveBindings(judgement.bindings, facts, collections, purpose, now, defaults);
  const granted: CheckedGrants = outdated
    ? { grants: [], refused: [] }
    : grantsFor(judgement.grants, judgement.grantRules, entries, facts, now);
  const someCount = !outdated && (signers.length > 0 || granted.grants.length > 0);
  const validUntil = earliest(bound.validUntil, granted.validUntil);
  return {
    repository: facts,
    gate: rule.official ? 'hold' : rule.gate,
    bindings: bound.bindings,
    trust: {
      signers: outdated ? [] : [...signers, ...itself(judgement)],
      formats: trusted?.formats ?? signatureFormats,
      sigstoreRoots: judgement.sigstoreRoots,
      trustStores: judgement.trustStores,
      certificateRevocations: judgement.certificateRevocations,
      revocations: entries,
    },
    signers,
    ...(outdated && {
      noneCounts: `the revocation list expired at ${expires}: nobody can tell whose signatures still count`,
    }),
    ...(custody && { custody }),
    probes: probesFor(judgement.probes ?? [], repository),
    scanners: scannersFor(judgement, repository),
    vex: judgement.vex ?? [],
    exceptions: { waivers: judgement.waivers, grants: granted.grants },
    ...(validUntil !== undefined && { validUntil }),
    ...(someCount && { listUntil: expires }),
  };
}

function scannersFor({ scanners = [] }: Judgement, repository: string): readonly string[] {
  const bound = scanners.filter(({ pattern }) => matchesRepository(pattern, repository));
  return [...new Set(bound.map(({ name }) => name))].sort();
}

/** The first of these RFC 3339 times; undefined where none is given. */
export function earliest(...times: ReadonlyArray<string | undefined>): string | undefined {
  return times
    .filter((time) => time !== undefined)
    .reduce<string | undefined>(
      (first, time) => (first === undefined || Date.parse(time) < Date.parse(first) ? time : first),
      undefined,
    );
}

function itself({ registry, registryKey }: Judgement): readonly TrustedSigner[] {
  return registryKey === undefined ? [] : [registryItself(registry, registryKey)];
}

function repositoryFacts(rule: RepositoryRule, name: string): RepositoryFacts {
  const { namespace, department, class: kind, stage, externalFacing, official } = rule;
  return {
    name,
    namespace,
    ...(department === undefined ? {} : { department }),
    class: kind,
    stage,
    externalFacing,
    official,
  };
}
