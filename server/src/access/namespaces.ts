import { matchesGlob } from '@wharfinger/lib/oci/repository-pattern';
import type { NamespaceConfig } from '../config/schema.ts';

/** A namespace as it applies to one repository. */
export type Namespace = NamespaceConfig;

const unnamed: Namespace = {
  name: '*',
  class: 'private',
  stage: 'development',
  externalFacing: false,
  official: false,
  gate: 'warn',
  immutableTags: [],
};

/**
 * Finds the namespace that owns a repository: the one whose name is the repository's or its longest leading part, at a
 * slash; else `*`, where one is configured; else a private one whose images are checked and served.
 */
export function createNamespaceLookup(
  namespaces: readonly NamespaceConfig[],
): (repository: string) => Namespace {
  const byName = new Map(namespaces.map((namespace) => [namespace.name, namespace]));
  const others = byName.get('*') ?? unnamed;
  return (repository) => {
    for (let name = repository; name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('/')))) {
      const namespace = byName.get(name);
      if (namespace) return namespace;
    }
    return others;
  };
}

/** What holds where: `official` means hold, whatever the namespace's gate says. */
export function effectiveGate(namespace: Namespace): 'warn' | 'hold' {
  return namespace.official ? 'hold' : namespace.gate;
}

/** True for a tag that the namespace's rules forbid to move. `*` in a rule stands for any characters. */
export function isImmutable(namespace: Namespace, tag: string): boolean {
  return namespace.immutableTags.some((rule) => matchesGlob(rule, tag));
}
