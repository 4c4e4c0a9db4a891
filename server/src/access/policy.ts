import { digestOf } from '@wharfinger/lib/oci/digest';
import { mostSpecific } from '@wharfinger/lib/oci/repository-pattern';
import { bindingsFor } from '@wharfinger/lib/routines/default-bindings';
import type { Binding, Collection } from '@wharfinger/lib/routines/routine';
import type { TrustedKey } from '@wharfinger/lib/signing/evidence';
import type { LoadedConfig } from '../config/load.ts';
import { createNamespaceLookup, isImmutable, type Namespace } from './namespaces.ts';
import { createRights, type Rights } from './rights.ts';

/** Everything that decides, as of one reading of the configuration. */
export interface Policy {
  /** changes when anything that verdicts rest on does: namespaces, trusted keys, routines */
  readonly digest: string;
  readonly config: LoadedConfig;
  readonly rights: Rights;
  readonly namespaceOf: (repository: string) => Namespace;
  isTagImmutable(repository: string, tag: string): boolean;
  /** Keys of the most specific trust entry whose pattern matches. */
  keysFor(repository: string): readonly TrustedKey[];
  /** digest of those keys: signature reports made with others are void */
  keysDigest(repository: string): string;
  bindingsFor(repository: string): readonly Binding[];
}

/** Puts a configuration and a collection of routines to work. */
export function createPolicy(config: LoadedConfig, collection: Collection): Policy {
  const namespaceOf = createNamespaceLookup(config.namespaces);
  const bindings = new Map<string, readonly Binding[]>();
  const keysFor = (repository: string): readonly TrustedKey[] =>
    (mostSpecific(config.trust, repository)?.signers ?? []).filter((signer) => 'pem' in signer);
  return {
    digest: digestOf(JSON.stringify([config.namespaces, config.trust, collection.digest])),
    config,
    rights: createRights(config.users, namespaceOf),
    namespaceOf,
    isTagImmutable: (repository, tag) => isImmutable(namespaceOf(repository), tag),
    keysFor,
    keysDigest: (repository) => digestOf(JSON.stringify(keysFor(repository))),
    bindingsFor(repository) {
      const { gate, official } = namespaceOf(repository);
      const keysTrusted = keysFor(repository).length > 0;
      const kind = `${gate} ${official} ${keysTrusted}`;
      let bound = bindings.get(kind);
      if (!bound) bindings.set(kind, (bound = bindingsFor({ gate, official, keysTrusted }, collection)));
      return bound;
    },
  };
}
