import type { Digest } from '../oci/digest.ts';
import { isRepositoryName } from '../oci/reference.ts';
import { callerForMount } from './access.ts';
import type { Exchange } from './exchange.ts';
import type { Caller } from './host.ts';

/** Repositories looked at for a mount without a source: one that is not found there is simply sent again. */
const maxCandidates = 64;

/**
 * Would this repository serve the caller this blob now? The whole question that a GET of it would answer, so that no
 * mount takes out of a repository what its gate holds, and none tells of a blob that the caller may not read.
 */
async function serves(
  { registry }: Exchange,
  caller: Caller,
  repository: string,
  digest: Digest,
): Promise<boolean> {
  if (!registry.host.may(caller, 'pull', repository)) return false;
  if (!(await registry.catalog.findBlob(repository, digest))) return false;
  return (await registry.host.gateBlob({ caller, repository, digest })).serve;
}

/** Is there a repository, this one or any other, that would serve the caller this blob? */
export async function isReadableSomewhere(
  exchange: Exchange,
  caller: Caller,
  repository: string,
  digest: Digest,
): Promise<boolean> {
  if (await serves(exchange, caller, repository, digest)) return true;
  const { catalog } = exchange.registry;
  for (const other of await catalog.repositoriesWithBlob(digest, maxCandidates)) {
    if (await serves(exchange, caller, other, digest)) return true;
  }
  return false;
}

/**
 * Links a blob from another repository, if one that the caller may read has it, the source he names or any.
 *
 * A mount opens no way around the gate:
 * - It asks the source's gate what a GET there would ask.
 * - In the target the blob is served only if an allowed manifest of the target refers to it, as ever.
 * - Publishers may read back what they sent. A mount sends nothing, so the link names nobody as its sender: otherwise
 *   one mount after the other would keep bytes readable that have been held since.
 *
 * @throws WharfingerError UNAUTHORIZED where the token was not asked for the source
 * @returns false if there is nothing to link, for whatever reason: the caller is not told which
 */
export async function mountBlob(
  exchange: Exchange,
  repository: string,
  digest: Digest,
  source: string | null,
): Promise<boolean> {
  const { catalog, host } = exchange.registry;
  const caller = callerForMount(exchange, source);
  const found =
    source === null
      ? await isReadableSomewhere(exchange, caller, repository, digest)
      : isRepositoryName(source) && (await serves(exchange, caller, source, digest));
  if (!found) return false;
  const change = { by: exchange.caller.principal, at: host.now() };
  return (await catalog.linkKnownBlob({ repository, digest, ...change, received: false })) !== undefined;
}
