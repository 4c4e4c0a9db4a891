import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { readCustodyFile, type CustodyFile } from '@wharfinger/lib/assess/custody-file';
import type { CustodyStage } from '@wharfinger/lib/custody/layout';
import { WharfingerError } from '@wharfinger/lib/errors';
import { matchesRepository } from '@wharfinger/lib/oci/repository-pattern';
import type { TrustedSigner } from '@wharfinger/lib/signing/evidence';
import { parsePublicKey } from '@wharfinger/lib/signing/keys';
import type { SigningKey } from '@wharfinger/lib/signing/private-keys';

/** How the option explains itself. */
export const layoutOption = 'custody file: teams, stages and keys; wharf custody init writes an example';

/**
 * Reads a custody file, and the keys that it names, beside it.
 * @param registry identity of the registry that the caller expects; absent: that of the file
 * @throws WharfingerError LAYOUT_INVALID, USAGE
 */
export async function readPolicy(file: string, registry?: string): Promise<CustodyFile> {
  const policy = await readCustodyFile(await readText(file), (path) =>
    readText(resolve(dirname(file), path)),
  );
  if (registry !== undefined && registry !== policy.layout.registry) {
    throw new WharfingerError('USAGE', {
      what: `--registry is ${JSON.stringify(registry)}, but ${file} is for ${JSON.stringify(policy.layout.registry)}`,
      remedy: 'leave the option out, or correct the file: statements count in one registry alone',
    });
  }
  return policy;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new WharfingerError('LAYOUT_INVALID', {
      what: `${file} cannot be read: ${(error as Error).message}`,
      cause: error,
    });
  }
}

/**
 * The stage that an image of a repository is of.
 * @param team absent: whichever
 * @throws WharfingerError USAGE where that is not one
 */
export function stageFor(
  { layout }: CustodyFile,
  repository: string,
  given: { readonly stage?: string; readonly team?: string },
): CustodyStage {
  const found = layout.stages.filter(
    ({ name, repositories, teams }) =>
      (given.stage === undefined || name === given.stage) &&
      (given.stage !== undefined || repositories.some((pattern) => matchesRepository(pattern, repository))) &&
      (given.team === undefined || teams.some(({ team }) => team === given.team)),
  );
  const [stage, ...more] = found;
  if (stage !== undefined && more.length === 0) return stage;
  const team = given.team === undefined ? '' : ` of team ${given.team}`;
  throw new WharfingerError('USAGE', {
    what:
      stage === undefined
        ? `the layout ${layout.name} has no stage ${given.stage ?? `for ${repository}`}${team}`
        : `${repository}${team} may be of the stages ${found.map(({ name }) => name).join(', ')}`,
    remedy: `say --stage: ${layout.stages.map(({ name }) => name).join(', ')}`,
  });
}

/**
 * Who signs with this key, among those whose signatures count for something.
 * @param names of the signers whose signatures count
 * @param what they count for
 * @throws WharfingerError USAGE: the key is not among them, so that nobody would believe what it signs
 */
export function signerOf(
  { trust }: CustodyFile,
  key: SigningKey,
  names: readonly string[],
  what: string,
): TrustedSigner {
  const signer = trust.signers.find(
    (one) => 'pem' in one && names.includes(one.name) && parsePublicKey(one).id === key.id,
  );
  if (signer !== undefined) return signer;
  throw new WharfingerError('USAGE', {
    what: `the key ${key.id} is not one whose ${what} counts`,
    remedy:
      names.length === 0 ? 'nobody may; correct the layout' : `sign with the key of ${names.join(' or ')}`,
  });
}
