import { readdirSync, readFileSync, existsSync, createReadStream } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isWharfingerError } from '../../errors.ts';
import { digestOf } from '../../oci/digest.ts';
import { parsePublicKey } from '../keys.ts';
import { parseSigstoreRoot } from './root.ts';
import { verifyBlob, type Artifact, type BlobTrust } from './verify-blob.ts';

const data = join(process.env['WHARFINGER_TEST_DATA'] ?? '', 'signatures');
const cases = join(data, 'conformance');
const isThere = process.env['WHARFINGER_TEST_DATA'] !== undefined && existsSync(cases);
if (!isThere && process.env['CI'] !== undefined)
  throw new Error('WHARFINGER_TEST_DATA names no signatures/conformance');

const usual = {
  identity:
    'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main',
  issuer: 'https://token.actions.githubusercontent.com',
};
const now = new Date('2026-11-01T00:00:00Z');

/** The text of a file of a case; undefined where the case does not have it. */
function given(folder: string, name: string): string | undefined {
  const path = join(cases, folder, name);
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function trustOf(folder: string): BlobTrust {
  const root = parseSigstoreRoot(
    given(folder, 'trusted_root.json') ?? readFileSync(join(data, 'public-good.json'), 'utf8'),
  );
  const pem = given(folder, 'key.pub');
  if (pem !== undefined) return { key: parsePublicKey({ name: 'key.pub', pem }), root };
  return {
    root,
    subject: { exact: given(folder, 'identity')?.trim() ?? usual.identity },
    issuer: { exact: given(folder, 'issuer')?.trim() ?? usual.issuer },
  };
}

function fileOf(folder: string): string {
  const own = join(cases, folder, 'artifact');
  return existsSync(own) ? own : join(cases, 'a.txt');
}

/** Keys and roots that a case brings may be none: that nothing is verified by them is right. */
function isRefusal(error: unknown, folder: string): boolean {
  return (
    isWharfingerError(error, 'SIGNATURE_INVALID') ||
    (isWharfingerError(error, 'KEY_INVALID') && given(folder, 'key.pub') !== undefined) ||
    (isWharfingerError(error, 'TRUSTED_ROOT_INVALID') && given(folder, 'trusted_root.json') !== undefined)
  );
}

async function verify(folder: string, artifact: Artifact) {
  return verifyBlob(
    readFileSync(join(cases, folder, 'bundle.sigstore.json')),
    artifact,
    trustOf(folder),
    now,
  );
}

describe.skipIf(!isThere)('the conformance suite of Sigstore', () => {
  const folders = isThere
    ? readdirSync(cases, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    : [];
  const ways: ReadonlyArray<readonly [string, (path: string) => Artifact]> = [
    ['a file', (path) => ({ read: () => createReadStream(path) })],
    ['a digest', (path) => ({ digest: digestOf(readFileSync(path)) })],
  ];
  for (const [way, artifactOf] of ways) {
    for (const { name } of folders) {
      test(`${name}, given ${way}`, async () => {
        const outcome = await verify(name, artifactOf(fileOf(name))).then(
          () => 'accepted',
          (error: unknown) => (isRefusal(error, name) ? 'refused' : error),
        );
        expect(outcome).toBe(name.endsWith('_fail') ? 'refused' : 'accepted');
      });
    }
  }
});
