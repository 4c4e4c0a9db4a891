import type { Digest } from '../../oci/digest.ts';
import { objectOf, onlyKeys } from '../../signing/strict-fields.ts';
import { custodyLimits } from '../limits.ts';
import { absent, digestField, listOf, predicateFields, textOf, validityOf, type Validity } from './fields.ts';
import { readRepositoryScope, type RepositoryScope } from './scope.ts';

/**
 * Predicate of an assembly: a team says which images it put together as an index. Its subject is the index. All children stand
 * in one of the two lists; those that carry attestations of a builder, and no image, are named as such.
 */
export interface Assembly extends Validity {
  readonly scope: RepositoryScope;
  readonly team: string;
  readonly manifests: ReadonlyArray<{ readonly digest: Digest; readonly platform: string }>;
  /** children that are no images: attestation manifests of BuildKit */
  readonly excluded: readonly Digest[];
}

/**
 * Reads the predicate of an assembly, strictly: it has no other fields than these.
 * @throws WharfingerError SIGNATURE_INVALID with the reason
 */
export function readAssembly(predicate: unknown): Assembly {
  const fields = predicateFields(predicate, 'assembly');
  onlyKeys(fields, ['scope', 'team', 'manifests', 'excluded', 'notBefore', 'notAfter'], 'the assembly');
  return {
    scope: readRepositoryScope(fields['scope']),
    team: textOf(fields['team'], 'team'),
    manifests: listOf(fields['manifests'], 'manifests', custodyLimits.children, readChild),
    excluded: absent(fields['excluded'])
      ? []
      : listOf(fields['excluded'], 'excluded', custodyLimits.children, digestField),
    ...validityOf(fields),
  };
}

function readChild(value: unknown, where: string): Assembly['manifests'][number] {
  const fields = objectOf(value, where);
  onlyKeys(fields, ['digest', 'platform'], where);
  return {
    digest: digestField(fields['digest'], `${where}.digest`),
    platform: textOf(fields['platform'], `${where}.platform`),
  };
}
