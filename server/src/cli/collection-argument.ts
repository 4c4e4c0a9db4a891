import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Command } from 'commander';
import {
  pullCollection,
  type CollectionTrust,
  type PulledCollection,
} from '@wharfinger/lib/assess/collection-goods';
import { remoteEvidence } from '@wharfinger/lib/client/content-source';
import { WharfingerError } from '@wharfinger/lib/errors';
import { loadCollection } from '@wharfinger/lib/routines/collection';
import type { Collection } from '@wharfinger/lib/routines/routine';
import { parsePublicKey } from '@wharfinger/lib/signing/keys';
import { readKeyFile } from './key-file.ts';
import { registrySession } from './remote-image.ts';
import { parseImageReference } from './repository-argument.ts';
import type { Session } from './session.ts';

/** Options of the commands that fetch collections. */
export interface CollectionOptions {
  readonly key?: readonly string[];
  readonly needed: string;
  readonly unsigned?: boolean;
}

/** Adds the options that say whose signatures a collection from a registry must have. */
export function addCollectionOptions(command: Command): Command {
  return command
    .option('--key <file...>', 'public keys (PEM) of those whose signatures count')
    .option('--needed <number>', 'how many of them must have signed', '1')
    .option('--unsigned', 'take it though nobody signed it');
}

/**
 * A collection from a file, or from a registry, where its signatures are verified before it is read.
 * @throws WharfingerError ROUTINE_INVALID, SIGNATURE_INVALID, USAGE, what files and registries throw
 */
export async function readCollection(
  text: string,
  options: CollectionOptions,
  session: Session,
): Promise<Collection> {
  const read = await readIfThere(text);
  return read === undefined
    ? (await fetchCollection(text, options, session)).collection
    : loadCollection(read);
}

/** A collection from its file. */
export async function readCollectionFile(file: string): Promise<Collection> {
  try {
    return loadCollection(await readFile(file, 'utf8'));
  } catch (error) {
    if (!(error instanceof WharfingerError)) throw error;
    throw new WharfingerError('ROUTINE_INVALID', { what: `${file}: ${error.message}`, cause: error });
  }
}

/** A collection from a registry, by host/repository:version or host/repository@digest. */
export async function fetchCollection(
  text: string,
  options: CollectionOptions,
  session: Session,
): Promise<PulledCollection> {
  const trust = await trustOf(options);
  const { registry, repository, reference } = parseImageReference(text);
  const remote = await registrySession(registry, session);
  try {
    return await pullCollection(remoteEvidence(remote, repository), reference, trust, session.now());
  } finally {
    await remote.close();
  }
}

/** @throws WharfingerError USAGE, KEY_INVALID */
export async function trustOf({ key = [], needed, unsigned }: CollectionOptions): Promise<CollectionTrust> {
  const number = Number(needed);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new WharfingerError('USAGE', { what: `--needed ${needed} is not a positive whole number` });
  if (unsigned === true && key.length > 0)
    throw new WharfingerError('USAGE', { what: '--key and --unsigned exclude each other' });
  if (unsigned === true) return { keys: [], needed: 0 };
  if (key.length === 0)
    throw new WharfingerError('USAGE', {
      what: 'whose signature must it have?',
      remedy: 'give --key with the public keys of those who sign it, or --unsigned',
    });
  const keys = await Promise.all(
    key.map(async (file) => {
      const trusted = { name: basename(file), pem: await readKeyFile(file) };
      parsePublicKey(trusted);
      return trusted;
    }),
  );
  if (number > keys.length)
    throw new WharfingerError('USAGE', { what: `--needed ${number} of ${keys.length} keys cannot be` });
  return { keys, needed: number };
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
