import { WharfingerError } from '../errors.ts';
import { isDigest } from '../oci/digest.ts';
import { isRepositoryName, isTag } from '../oci/reference.ts';

/**
 * A path of the distribution protocol below a repository.
 * @throws WharfingerError NAME_INVALID: nothing that is no name gets into an address
 */
export function repositoryPath(repository: string, rest: string): string {
  if (!isRepositoryName(repository)) {
    throw new WharfingerError('NAME_INVALID', { what: JSON.stringify(repository.slice(0, 300)) });
  }
  return `/v2/${repository}/${rest}`;
}

/**
 * The path of a manifest by tag or digest.
 * @throws WharfingerError NAME_INVALID, REFERENCE_INVALID
 */
export function manifestPath(repository: string, reference: string): string {
  if (!isTag(reference) && !isDigest(reference)) {
    throw new WharfingerError('REFERENCE_INVALID', {
      what: `${JSON.stringify(reference.slice(0, 300))} is neither a tag nor a digest`,
    });
  }
  return repositoryPath(repository, `manifests/${reference}`);
}
