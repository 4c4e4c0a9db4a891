import { describe, expect, it } from 'vitest';
import { digestOf } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import {
  attach,
  bundleType,
  image,
  key,
  newKey,
  Repository,
  statement,
  type Forgery,
} from './evidence.fixtures.ts';
import type { EvidenceReport, EvidenceSource } from './evidence.ts';
import type { SigningKey } from './private-keys.ts';
import { signImage } from './sign-image.ts';
import { trustOfKeys } from './trusted-signers.ts';
import type { EvidenceLimits } from './verify-context.ts';
import { defaultEvidenceLimits, verifyEvidence } from './verify-evidence.ts';

const at = new Date('2026-11-22T03:00:00.123Z');

const other = newKey();
const elsewhere = digestOf('another image');

function verify(
  repository: EvidenceSource,
  keys: SigningKey[] = [key],
  limits: Partial<EvidenceLimits> = {},
): Promise<EvidenceReport> {
  const trusted = keys.map(({ publicPem }, index) => ({ name: `key-${index}`, pem: publicPem }));
  return verifyEvidence(image, repository, trustOfKeys(trusted), at, { ...defaultEvidenceLimits, ...limits });
}

/** The one reason why nothing counts. */
async function reasonOf(repository: EvidenceSource, keys?: SigningKey[]): Promise<string> {
  const { valid, statements, refused, refusedStatements } = await verify(repository, keys);
  expect([valid, statements]).toEqual([[], []]);
  expect([...refused, ...refusedStatements]).toHaveLength(1);
  return [...refused, ...refusedStatements][0]!.reason;
}

describe('a signature as cosign 3 writes it', () => {
  it.each(['p256', 'p384', 'p521', 'ed25519', 'rsa'] as const)('made with %s counts', async (type) => {
    const repository = new Repository();
    const signer = newKey(type);
    const made = signImage(image, signer, at);
    for (const { descriptor, bytes } of made.blobs) repository.bytes.set(descriptor.digest, bytes);
    const listed = repository.refer(JSON.parse(made.manifest.bytes.toString()));
    expect(listed.digest).toBe(made.manifest.digest);
    expect(await verify(repository, [key, signer])).toEqual({
      valid: [
        {
          format: 'cosign-v3',
          key: 'key-1',
          keyId: signer.id,
          principal: 'key-1',
          purposes: ['release', 'attest'],
          evidence: made.manifest.digest,
        },
      ],
      refused: [],
      statements: [],
      refusedStatements: [],
    });
  });

  it('counts without hint, and with the media type of older writers', async () => {
    const repository = new Repository();
    attach(repository, {
      material: { publicKey: {}, tlogEntries: [] },
      bundle: (text) => text.replace(bundleType, 'application/vnd.dev.sigstore.bundle+json;version=0.3'),
      statement: { ...statement({ _type: 'https://in-toto.io/Statement/v0.1' }), predicate: undefined },
    });
    expect((await verify(repository)).valid).toHaveLength(1);
  });

  const forgeries: ReadonlyArray<readonly [name: string, forgery: Forgery, reason: RegExp]> = [
    ['by another key', { signer: other }, /^no trusted key signed it$/],
    ['with the hint of a trusted key', { signer: other, hintOf: key }, /names the trusted key key-0, but/],
    [
      'without predicate type',
      { statement: statement({ predicateType: undefined }) },
      /predicateType is not a string/,
    ],
    [
      'of another image',
      { statement: statement({ subject: [{ digest: { sha256: elsewhere.slice(7) } }] }) },
      /key-0 signed another image, sha256:/,
    ],
    [
      'of two images',
      {
        statement: statement({
          subject: [
            { digest: { sha256: image.digest.slice(7) } },
            { digest: { sha256: elsewhere.slice(7) } },
          ],
        }),
      },
      /names 2 subjects/,
    ],
    [
      'with two digests for one subject',
      { statement: statement({ subject: [{ digest: { sha256: image.digest.slice(7), sha512: 'ab' } }] }) },
      /several digests/,
    ],
    [
      'with the digest in upper case',
      { statement: statement({ subject: [{ digest: { sha256: image.digest.slice(7).toUpperCase() } }] }) },
      /no sha256 or sha512 digest in lower case/,
    ],
    ['without subject', { statement: statement({ subject: [] }) }, /names no subject/],
    [
      'of another type of statement',
      { statement: statement({ _type: 'x' }) },
      /not an in-toto statement v0.1 or v1/,
    ],
    ['of something else than a statement', { payloadType: 'text/plain' }, /carries "text\/plain"/],
    [
      'with a key twice in the statement',
      { statement: JSON.stringify(statement()).replace('{', `{"predicateType":"x",`) },
      /the statement cannot be read: the key "predicateType" stands twice/,
    ],
    [
      'with a key twice in the bundle',
      { bundle: (text) => text.replace('{', `{"mediaType":"x",`) },
      /the bundle cannot be read: the key "mediaType" stands twice/,
    ],
    ['whose signature was taken away', { envelope: { signatures: [] } }, /carries 0 signatures/],
    [
      'with a second signature',
      { envelope: { signatures: [{ sig: 'AAAA' }, { sig: 'AAAA' }] } },
      /carries 2 signatures, exactly one counts/,
    ],
    [
      'whose payload was changed',
      { envelope: { payload: Buffer.from(JSON.stringify(statement({ predicate: 1 }))).toString('base64') } },
      /names the trusted key key-0, but that key did not sign it/,
    ],
    ['whose base64 is another spelling', { envelope: { payload: 'ab==' } }, /payload is not valid base64/],
    [
      'whose keyid differs',
      { envelope: { signatures: [{ sig: 'AAAA', keyid: 'x' }] } },
      /name different keys/,
    ],
    [
      'without a key',
      { material: { certificate: { rawBytes: 'AAAA' } } },
      /^it is signed without a key, and the policy names no identities$/,
    ],
    ['with key and certificate', { material: { publicKey: {}, certificate: {} } }, /both a key and a cert/],
    ['with neither', { material: {} }, /neither key nor certificate/],
    ['of an older version', { bundle: (text) => text.replace('v0.3', 'v0.1') }, /not version 0.3/],
    ['that is no JSON', { bundle: () => 'x' }, /the bundle cannot be read: it is not valid JSON/],
    ['with unknown fields', { bundle: (text) => text.replace('{', '{"dsse_envelope":{},') }, /unknown field/],
    [
      'listed for another image than it refers to',
      { manifest: { subject: { ...image, digest: elsewhere } } },
      /refers to another/,
    ],
    ['without layer', { manifest: { layers: [] } }, /it carries no signature/],
  ];

  it.each(forgeries)('%s is refused', async (_, forgery, reason) => {
    const repository = new Repository();
    attach(repository, forgery);
    expect(await reasonOf(repository)).toMatch(reason);
  });

  it('is refused with two layers', async () => {
    const repository = new Repository();
    const layer = repository.put('{}', bundleType);
    attach(repository, { manifest: { layers: [layer, layer] } });
    expect(await reasonOf(repository)).toMatch(/several layers/);
  });

  it('is refused where a registry hands out other bytes than it lists', async () => {
    const repository = new Repository();
    const listed = attach(repository);
    expect((await verify(repository)).valid).toHaveLength(1);
    repository.bytes.set(listed.digest, Buffer.alloc(listed.size));
    expect(await reasonOf(repository)).toMatch(/the manifest does not have the digest/);
    repository.bytes.set(listed.digest, Buffer.alloc(3));
    expect(await reasonOf(repository)).toMatch(/the manifest does not have the size/);
    repository.bytes.delete(listed.digest);
    expect(await reasonOf(repository)).toMatch(/listed, but it is not there/);
  });

  it('is refused where the bundle is not what the manifest says', async () => {
    const repository = new Repository();
    const made = signImage(image, key, at);
    const bundle = made.blobs[1]!.descriptor;
    repository.refer(JSON.parse(made.manifest.bytes.toString()));
    expect(await reasonOf(repository)).toMatch(/the signed document is not there/);
    repository.bytes.set(bundle.digest, Buffer.alloc(bundle.size));
    expect(await reasonOf(repository)).toMatch(/does not have the digest of its descriptor/);
    repository.bytes.set(bundle.digest, Buffer.alloc(bundle.size + 1));
    expect(await reasonOf(repository)).toMatch(/does not have the size of its descriptor/);
  });

  it('is refused, unread, beyond the limits', async () => {
    const repository = new Repository();
    attach(repository);
    const { refused } = await verify(repository, [key], { bytes: 100 });
    expect(refused.map(({ reason }) => reason)).toEqual(['the manifest is larger than 100 bytes']);
    attach(repository, { signer: other });
    attach(repository, { statement: statement({ predicate: { n: 1 } }) });
    const report = await verify(repository, [key], { count: 1, bytes: 4096 });
    expect([...report.valid, ...report.refused, ...report.statements]).toHaveLength(2);
    expect(report.refused.at(-1)!.reason).toBe('2 more referrers were not looked at: there are too many');
  });

  it('is found behind a flood of other referrers', async () => {
    const repository = new Repository();
    for (let count = 0; count < 200; count += 1) {
      repository.refer({
        schemaVersion: 2,
        config: repository.put('{}', mediaTypes.ociEmpty),
        layers: [],
        subject: image,
        annotations: { count: `${count}` },
      });
    }
    attach(repository);
    expect((await verify(repository)).valid).toHaveLength(1);
  });
});

describe('what is not found', () => {
  it('is an empty report, other kinds of referrers included', async () => {
    const repository = new Repository();
    const config = repository.put('{}', 'application/vnd.example.scan');
    repository.refer({ schemaVersion: 2, config, layers: [], subject: image });
    expect(await verify(repository)).toEqual({
      valid: [],
      refused: [],
      statements: [],
      refusedStatements: [],
    });
  });

  it.each(['manifest', 'referrers', 'blob'] as const)('is never a failed look-up: %s', async (method) => {
    const repository = new Repository();
    attach(repository);
    const failing = Object.assign(repository, { [method]: () => Promise.reject(new Error('no connection')) });
    await expect(verify(failing)).rejects.toThrow('no connection');
  });

  it('throws for a key that cannot be used', async () => {
    const bad = { ...key, publicPem: 'x' };
    await expect(verify(new Repository(), [bad])).rejects.toMatchObject({ code: 'KEY_INVALID' });
  });
});
