import type { BlobRecord } from '../catalog/catalog.ts';
import type { Digest } from '../oci/digest.ts';
import { isRepositoryName } from '../oci/reference.ts';
import { callerForMount } from './access.ts';
import type { Exchange } from './exchange.ts';
import type { Caller } from './host.ts';

/** Repositories looked at for a mount without a source: one that is not found there is simply sent again. */
const maxCandidates = 64;

/**
 * The blob as this repository would serve it to the caller now; undefined: it would not. The whole question that a GET
 * of it would answer, so that no mount takes out of a repository what its gate holds, and none tells of a blob that the
 * caller may not read.
 */
async function findServed(
  { registry }: Exchange,
  caller: Caller,
  repository: string,
  digest: Digest,
): Promise<BlobRecord | undefined> {
  if (!registry.host.may(caller, 'pull', repository)) return undefined;
  const record = await registry.catalog.findBlob(repository, digest);
  if (!record) return undefined;
  return (await registry.host.gateBlob({ caller, repository, digest })).serve ? record : undefined;
}

/** The blob as some repository would serve it to the caller: this one, or any other. */
export async function findServedSomewhere(
  exchange: Exchange,
  caller: Caller,
  repository: string,
  digest: Digest,
): Promise<BlobRecord | undefined> {
  const own = await findServed(exchange, caller, repository, digest);
  if (own) return own;
  for (const other of await exchange.registry.catalog.repositoriesWithBlob(digest, maxCandidates)) {
    const found = await findServed(exchange, caller, other, digest);
    if (found) return found;
  }
  return undefined;
}

/**
 * Links a blob from another repository, if one that the caller may read has it, the source he names or any.
 *
 * A mount opens no way around the gate:
 * - It asks the source's gate what a GET there would ask.
 * - In the target the blob is served only if an allowed manifest of the target refers to it, as ever.
 * - Publishers may read back what they sent, for a while. A mount sends nothing: it passes on the time at which the
 *   caller sent the bytes to the source, if he did, for otherwise one mount after the other would keep bytes readable
 *   that have been held since.
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
  if (source !== null && !isRepositoryName(source)) return false;
  const found =
    source === null
      ? await findServedSomewhere(exchange, caller, repository, digest)
      : await findServed(exchange, caller, source, digest);
  if (!found) return false;
  const sentByCaller = found.pushedBy !== null && found.pushedBy === caller.principal;
  const linked = await catalog.linkKnownBlob({
    repository,
    digest,
    by: caller.principal,
    at: host.now(),
    received: false,
    ...(sentByCaller ? { sentAt: found.pushedAt } : {}),
  });
  return linked !== undefined;
}
