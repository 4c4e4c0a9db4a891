import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isWharfingerError } from '../../errors.ts';
import { refreshSigstoreRoot } from './refresh-root.ts';
import { LocalSigstore } from './testing/local-sigstore.ts';
import { TufRepository } from './testing/tuf-repository.ts';

const url = 'https://tuf.local/repository';
const [first, second] = [new LocalSigstore().trustedRoot(), new LocalSigstore().trustedRoot()];
let folder: string;
let repository: TufRepository;
let firstRoot: Buffer;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wharfinger-tuf-'));
  repository = new TufRepository();
  firstRoot = repository.rotate();
  repository.publish(first);
});
afterEach(() => rm(folder, { recursive: true }));

function refresh(from: TufRepository = repository, begin: Uint8Array = firstRoot): Promise<string> {
  return refreshSigstoreRoot({ url, firstRoot: begin, folder, fetch: from.fetch(url) });
}

async function expectRefused(what: Promise<string>, reason: RegExp): Promise<void> {
  const error: unknown = await what.then(
    () => 'it was taken',
    (thrown: unknown) => thrown,
  );
  expect(isWharfingerError(error, 'TRUSTED_ROOT_INVALID') ? error.message : error).toMatch(reason);
}

function stranger() {
  return generateKeyPairSync('ed25519').privateKey;
}

test('the trusted root is fetched, and fetched anew where there is a newer one', async () => {
  expect(await refresh()).toBe(first);
  repository.version = 2;
  repository.publish(second);
  expect(await refresh()).toBe(second);
  expect(await refresh()).toBe(second);
});

test('keys that the old ones name are trusted from then on, and the old ones are not', async () => {
  const old = repository.key;
  repository.rotate(stranger());
  repository.version = 2;
  repository.publish(second);
  expect(await refresh()).toBe(second);
  repository.version = 3;
  repository.publish(first, old);
  await expectRefused(refresh(), /nothing that can be trusted/);
});

test('what others signed is refused', async () => {
  repository.publish(second, stranger());
  await expectRefused(refresh(), /nothing that can be trusted/);
});

test('a root that its predecessor did not sign is refused', async () => {
  const foreign = new TufRepository();
  foreign.rotate();
  foreign.files.set('2.root.json', foreign.rotate());
  foreign.publish(second);
  await expectRefused(refresh(foreign), /nothing that can be trusted/);
});

test('nothing older is taken than what was seen', async () => {
  const before = new Map(repository.files);
  repository.version = 2;
  repository.publish(second);
  expect(await refresh()).toBe(second);
  repository.files.clear();
  for (const [path, bytes] of before) repository.files.set(path, bytes);
  await expectRefused(refresh(), /nothing that can be trusted/);
});

test('what ran out is refused', async () => {
  repository.expires = '2020-01-01T00:00:00Z';
  repository.publish(first);
  await expectRefused(refresh(), /nothing that can be trusted/);
});

test('other bytes than those that were signed are refused', async () => {
  for (const [path, bytes] of repository.files) {
    if (!path.startsWith('targets/')) continue;
    repository.files.set(
      path,
      Buffer.from(bytes.toString().replace('https://fulcio.local', 'https://fulcio.evil.')),
    );
  }
  await expectRefused(refresh(), /nothing that can be trusted/);
});

test('what is no trusted root is refused, whoever signed it', async () => {
  repository.publish('{}');
  await expectRefused(refresh(), /mediaType/);
});

test('another beginning trusts nothing that was remembered', async () => {
  expect(await refresh()).toBe(first);
  await expectRefused(refresh(repository, new TufRepository().rotate()), /nothing that can be trusted/);
  await expectRefused(refresh(repository, Buffer.from('{}')), /nothing that can be trusted/);
});

test('a repository that cannot be reached is told from one that cannot be trusted', async () => {
  const failures = [
    () => Promise.reject(new Error('no route')),
    async () => new Response('', { status: 500 }),
  ] as const;
  for (const fetch of failures) {
    const refreshed = refreshSigstoreRoot({ url, firstRoot, folder, fetch });
    await expect(refreshed).rejects.toSatisfy((error) => isWharfingerError(error, 'REMOTE_FAILED'));
  }
});
