import { canonical } from '@wharfinger/lib/assess/judgement';
import type { Judgement } from '@wharfinger/lib/assess/judgement-document';
import { earliest, rulesFor, type Rules } from '@wharfinger/lib/assess/rules-for';
import { digestOf } from '@wharfinger/lib/oci/digest';
import type { Collection, Routine } from '@wharfinger/lib/routines/routine';
import type { Purpose } from '@wharfinger/lib/routines/verdict';
import type { LoadedConfig } from '../config/load.ts';
import { basisOf, judgementOf, revokedOthers, type Edition, type JudgementRecords } from './judgement.ts';
import { createNamespaceLookup, isImmutable, type Namespace } from './namespaces.ts';
import { createRights, type Rights } from './rights.ts';

/** Everything that decides, as of one reading of the configuration and the records. */
export interface Policy {
  /** changes when anything that verdicts rest on does: namespaces, trust, routines, bindings, waivers … */
  readonly digest: string;
  /** the same as one document, for others to judge by: in an edition, and with what is held by hand */
  judgement(edition: Edition, holds: Judgement['holds']): Judgement;
  /** version of the revocation list in force */
  readonly revocations: number;
  readonly config: LoadedConfig;
  /** every collection that bindings may name, the built-in one first */
  readonly collections: readonly Collection[];
  readonly rights: Rights;
  readonly namespaceOf: (repository: string) => Namespace;
  isTagImmutable(repository: string, tag: string): boolean;
  /** what of the judgement counts for images of a repository now */
  rulesFor(repository: string, purpose: Purpose, now: Date): Rules;
  /** digest of whose evidence counts there now, but for revocations of these: reports made with others are void */
  trustDigest(repository: string, now: Date): string;
}

/** Rules of so many repositories and purposes are remembered. */
const remembered = 5000;

/** For rules, which edition it is does not matter. */
const anyEdition: Edition = { version: 0, madeAt: '1970-01-01T00:00:00Z', expires: '9999-12-31T23:59:59Z' };

/**
 * Puts a configuration to work, and what the records add to it.
 * @param builtIn the collection of the default bindings
 * @param registryKey what this registry signs with (PEM), so that its own summaries are known
 */
export function createPolicy(
  config: LoadedConfig,
  builtIn: Collection,
  records: JudgementRecords = {},
  registryKey?: string,
): Policy {
  const judgement = judgementOf(config, records, builtIn, anyEdition, registryKey);
  const others = revokedOthers(judgement);
  const namespaceOf = createNamespaceLookup(config.namespaces);
  const known = new Map<string, { readonly rules: Rules; readonly from: number; readonly until: number }>();
  const digests = new WeakMap<Rules, string>();
  const shared = sharedBindings();
  function rulesOf(repository: string, purpose: Purpose, now: Date): Rules {
    const key = `${purpose} ${repository}`;
    const time = now.getTime();
    const found = known.get(key);
    if (found && found.from <= time && time < found.until) return found.rules;
    const made = rulesFor(judgement, repository, purpose, now);
    const rules = { ...made, bindings: shared(made.bindings) };
    const ends = earliest(rules.validUntil, rules.listUntil);
    const until = ends === undefined ? Infinity : Date.parse(ends);
    if (known.size >= remembered) known.clear();
    known.set(key, { rules, from: time, until });
    return rules;
  }
  return {
    digest: basisOf(judgement),
    judgement: (edition, holds) => judgementOf(config, { ...records, holds }, builtIn, edition, registryKey),
    revocations: judgement.revocations.version,
    config,
    collections: judgement.collections,
    rights: createRights(config.users, namespaceOf),
    namespaceOf,
    isTagImmutable: (repository, tag) => isImmutable(namespaceOf(repository), tag),
    rulesFor: rulesOf,
    trustDigest(repository, now) {
      const rules = rulesOf(repository, 'pull', now);
      let digest = digests.get(rules);
      if (digest === undefined) {
        const { custody, probes } = rules;
        const trust = { ...rules.trust, revocations: others };
        const basis = { trust, ...(custody && { custody }), ...(probes.length > 0 && { probes }) };
        digest = digestOf(Buffer.from(canonical(basis)));
        digests.set(rules, digest);
      }
      return digest;
    },
  };
}

/**
 * Gives one list for all repositories that have the same bindings: what was found out of a binding for images of one of them (what
 * results are known by, what expressions gave) so serves those of the others.
 */
function sharedBindings(): (bindings: Rules['bindings']) => Rules['bindings'] {
  const lists = new Map<string, Rules['bindings']>();
  const routines = new Map<Routine, number>();
  const numberOf = (routine: Routine): number => {
    const number = routines.get(routine) ?? routines.size;
    routines.set(routine, number);
    return number;
  };
  return (bindings) => {
    const text = JSON.stringify(bindings.map(({ routine, ...rest }) => [numberOf(routine), rest]));
    const known = lists.get(text);
    if (known) return known;
    if (lists.size >= remembered) lists.clear();
    lists.set(text, bindings);
    return bindings;
  };
}
