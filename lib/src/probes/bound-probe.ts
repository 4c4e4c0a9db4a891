import type { Digest } from '../oci/digest.ts';
import { matchingEntries } from '../oci/repository-pattern.ts';

/** A probe that a policy has run on the images of some repositories. */
export interface BoundProbe {
  /** of repositories whose images it is run on */
  readonly pattern: string;
  /** what it declares to be called, and what routines call it */
  readonly name: string;
  /** repository of this registry that it lies in */
  readonly repository: string;
  /** of its manifest: what another one found counts for nothing */
  readonly digest: Digest;
  /** name of the signer without whose signature of the probe it is not run; absent: its digest is enough */
  readonly signedBy?: string;
}

/** Those for a repository, by name: of two of one name the one whose pattern is more specific. */
export function probesFor(probes: readonly BoundProbe[], repository: string): readonly BoundProbe[] {
  const byName = new Map<string, BoundProbe>();
  for (const probe of matchingEntries(probes, repository))
    if (!byName.has(probe.name)) byName.set(probe.name, probe);
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
