import { WharfingerError } from '../../errors.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Assembly } from '../statements/assembly.ts';
import { validFor, type Period } from './period.ts';

export interface AssemblyRequest extends Period, Pick<Assembly, 'scope' | 'team' | 'manifests'> {
  /** children that are no images: attestation manifests of a builder */
  readonly excluded?: readonly Digest[];
}

/**
 * Makes the predicate of an assembly.
 * @throws WharfingerError INPUT_INVALID: nothing is assembled, or it would be over before it begins
 */
export function makeAssembly(request: AssemblyRequest): Assembly {
  const { scope, team, manifests, excluded = [] } = request;
  if (manifests.length === 0) {
    throw new WharfingerError('INPUT_INVALID', { what: 'the index holds no images that could be assembled' });
  }
  return { scope, team, manifests, excluded, ...validFor(request) };
}
