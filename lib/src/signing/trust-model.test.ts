import { sign } from 'node:crypto';
import { array, asyncProperty, assert, integer, shuffledSubarray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf, type Digest } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { admitSigner } from './admit-signer.ts';
import { preAuthEncoding } from './dsse.ts';
import { attach, bundleType, image, key, newKey, Repository, statement } from './evidence.fixtures.ts';
import type { EvidenceReport, Revocation, TrustedKey, TrustedSigner, TrustSet } from './evidence.ts';
import type { SigningKey } from './private-keys.ts';
import { LocalSigstore } from './sigstore/testing/local-sigstore.ts';
import { trustOfKeys } from './trusted-signers.ts';
import type { EvidenceLimits } from './verify-context.ts';
import { defaultEvidenceLimits, verifyEvidence } from './verify-evidence.ts';

const now = new Date('2026-06-01T00:00:00Z');
const spdx = 'https://spdx.dev/Document';

function signer(over: Partial<TrustedKey> = {}, signing: SigningKey = key): TrustedKey {
  return { name: 'release', pem: signing.publicPem, ...over };
}

interface Given {
  readonly repository?: Repository;
  readonly signers?: readonly TrustedSigner[];
  readonly trust?: Partial<TrustSet>;
  readonly at?: Date;
  readonly limits?: Partial<EvidenceLimits>;
}

function verify({
  repository = signed(),
  signers = [signer()],
  trust,
  at = now,
  limits,
}: Given): Promise<EvidenceReport> {
  const policy = { ...trustOfKeys([]), signers, ...trust };
  return verifyEvidence(image, repository, policy, at, { ...defaultEvidenceLimits, ...limits });
}

/** A repository with one signature by `key`. */
function signed(): Repository {
  const repository = new Repository();
  attach(repository);
  return repository;
}

/** The one reason why nothing counts. */
async function reasonOf(given: Given): Promise<string> {
  const { valid, statements, refused, refusedStatements } = await verify(given);
  expect([valid, statements]).toEqual([[], []]);
  expect([...refused, ...refusedStatements]).toHaveLength(1);
  return [...refused, ...refusedStatements][0]!.reason;
}

describe('what a signature is for', () => {
  it('an attestation is no signature of the image, whoever signed it', async () => {
    const repository = new Repository();
    attach(repository, { statement: statement({ predicateType: spdx, predicate: { a: 1 } }) });
    const report = await verify({
      repository,
      signers: [signer({ purposes: ['release', 'attest', 'stamp'] })],
    });
    expect(report).toMatchObject({
      valid: [],
      refused: [],
      statements: [
        {
          predicateType: spdx,
          predicate: { a: 1 },
          subject: image.digest,
          signer: { key: 'release', purposes: ['release', 'attest', 'stamp'] },
        },
      ],
    });
  });

  it('who stamps does not release by it, and what he states says for what he is', async () => {
    const stamps = [signer({ purposes: ['stamp'] })];
    expect(await reasonOf({ signers: stamps })).toBe('release is trusted for stamp, not for releases');
    const repository = new Repository();
    attach(repository, { statement: statement({ predicateType: spdx }) });
    expect((await verify({ repository, signers: stamps })).statements).toMatchObject([
      { signer: { purposes: ['stamp'] } },
    ]);
  });

  it('a key that two records name is one signer, for what they say together', async () => {
    const twice = [
      signer({ name: 'a', purposes: ['stamp'], team: 't' }),
      signer({ name: 'b', purposes: ['release'] }),
    ];
    expect((await verify({ signers: twice })).valid).toMatchObject([
      { key: 'a', principal: 'a', team: 't', purposes: ['stamp', 'release'] },
    ]);
  });

  it('of two records of a key the one that is in force admits it', async () => {
    const renewed = [
      signer({ name: 'old', validTo: '2026-01-01T00:00:00Z' }),
      signer({ name: 'new', principal: 'ann' }),
    ];
    expect((await verify({ signers: renewed })).valid).toMatchObject([{ key: 'new', principal: 'ann' }]);
  });
});

describe('when a signer counts', () => {
  it.each([
    [
      'before his time',
      { validFrom: '2026-07-01T00:00:00Z' },
      /trusted from 2026-07-01T00:00:00Z on/,
      '2026-07-01T00:00:00.000Z',
    ],
    [
      'after his time',
      { validTo: '2026-05-01T00:00:00Z' },
      /was trusted until 2026-05-01T00:00:00Z/,
      undefined,
    ],
    ['at the end of his time', { validTo: '2026-06-01T00:00:00Z' }, /was trusted until/, undefined],
    ['with a time that nobody can read', { validTo: 'soon' }, /cannot be read/, undefined],
  ])('not %s', async (_, window, reason, validUntil) => {
    expect(await reasonOf({ signers: [signer(window)] })).toMatch(reason);
    expect((await verify({ signers: [signer(window)] })).validUntil).toBe(validUntil);
  });

  it('within his time, until it ends', async () => {
    const signers = [signer({ validFrom: '2026-06-01T00:00:00Z', validTo: '2026-06-02T00:00:00Z' })];
    const report = await verify({ signers });
    expect(report).toMatchObject({ valid: [{ key: 'release' }], validUntil: '2026-06-02T00:00:00.000Z' });
    expect((await verify({ signers, at: new Date(report.validUntil!) })).valid).toEqual([]);
  });

  it('the report holds until the first of several changes', async () => {
    const other = newKey();
    const repository = signed();
    attach(repository, { signer: other });
    const signers = [
      signer({ validTo: '2026-08-01T00:00:00Z' }),
      signer({ name: 'other', validFrom: '2026-07-01T00:00:00Z' }, other),
      signer({ name: 'unused', validTo: '2026-06-02T00:00:00Z' }, newKey()),
    ];
    expect((await verify({ repository, signers })).validUntil).toBe('2026-07-01T00:00:00.000Z');
  });

  it('only with the kind of key that the policy pins', async () => {
    expect((await verify({ signers: [signer({ algorithm: 'ecdsa-p256' })] })).valid).toHaveLength(1);
    expect(await reasonOf({ signers: [signer({ algorithm: 'ed25519' })] })).toBe(
      'release is trusted with a key of kind ed25519, not ecdsa-p256',
    );
  });
});

describe('a revoked key', () => {
  const revocation: Revocation = {
    keyId: key.id,
    revokedAt: '2026-05-02T00:00:00Z',
    reason: 'the laptop was stolen',
  };
  const revoked = (over: Partial<Revocation> = {}) => ({ revocations: [{ ...revocation, ...over }] });
  const sigstore = new LocalSigstore(new Date('2026-04-01T12:00:00Z'));

  /** Signed and stamped on 1 April. */
  function stamped(): Given {
    const repository = new Repository();
    attach(repository, { stamp: (signature) => sigstore.stamp(signature) });
    return { repository };
  }
  const roots = { sigstoreRoots: { local: sigstore.trustedRoot() } };

  it('signs nothing that counts, and the reason says so', async () => {
    expect(await reasonOf({ trust: revoked() })).toBe(
      'the key of release was revoked at 2026-05-02T00:00:00Z: the laptop was stolen',
    );
    expect(await reasonOf({ ...stamped(), trust: { ...roots, ...revoked() } })).toMatch(/was revoked/);
    const repository = new Repository();
    attach(repository, { statement: statement({ predicateType: spdx }) });
    expect(await reasonOf({ repository, trust: revoked() })).toMatch(/was revoked/);
    expect((await verify({ trust: revoked({ keyId: newKey().id }) })).valid).toHaveLength(1);
  });

  it('compromised since a time saves nothing that no trusted time shows to be older', async () => {
    const since = revoked({ compromisedSince: '2026-04-15T00:00:00Z' });
    expect(await reasonOf({ trust: since })).toMatch(
      /compromised since 2026-04-15T00:00:00Z \(the laptop was stolen\), and no trusted time tells/,
    );
    // a timestamp of an authority that nobody trusts tells nothing
    expect(await reasonOf({ ...stamped(), trust: since })).toMatch(/no trusted time tells/);
    expect((await verify({ ...stamped(), trust: { ...roots, ...since } })).valid).toMatchObject([
      { key: 'release', signedAt: '2026-04-01T12:00:00.000Z' },
    ]);
    const earlier = revoked({ compromisedSince: '2026-04-01T12:00:00Z' });
    expect(await reasonOf({ ...stamped(), trust: { ...roots, ...earlier } })).toMatch(
      /this was signed at 2026-04-01T12:00:00/,
    );
    const unreadable = revoked({ compromisedSince: 'May' });
    expect(await reasonOf({ ...stamped(), trust: { ...roots, ...unreadable } })).toMatch(/compromised since/);
  });

  it('the time at which it was signed decides whether a signer counted then', async () => {
    const { repository } = stamped() as { repository: Repository };
    const past = [signer({ validTo: '2026-05-01T00:00:00Z' })];
    const report = await verify({ repository, signers: past, trust: roots });
    expect(report.valid).toHaveLength(1);
    expect(report.validUntil).toBeUndefined();
    const later = [signer({ validFrom: '2026-04-02T00:00:00Z' })];
    expect(await reasonOf({ repository, signers: later, trust: roots })).toMatch(/trusted from 2026-04-02/);
  });

  it('that vouches for another takes it along', () => {
    const policy = { trust: { ...trustOfKeys([]), ...revoked() }, now, changesAt: () => {} };
    const found = { records: [signer()], keyId: 'b'.repeat(64), vouchedBy: [key.id] };
    expect(() => admitSigner(found, policy)).toThrow(/a certificate that vouches for release was revoked/);
  });
});

describe('formats', () => {
  it('that the policy does not name do not count, and there is no falling back', async () => {
    expect(await reasonOf({ trust: { formats: ['cosign-v2', 'notation'] } })).toBe(
      'what is signed in the format cosign-v3 does not count here, but only cosign-v2, notation',
    );
    expect(await reasonOf({ trust: { formats: [] } })).toMatch(/but only nothing/);
  });
});

describe('attestations of cosign 2', () => {
  const payload = Buffer.from(
    JSON.stringify(statement({ _type: 'https://in-toto.io/Statement/v0.1', predicateType: spdx })),
  );

  /** Under the tag for attestations lie envelopes, each a layer. */
  function attested(type: string, ...signers: SigningKey[]): Repository {
    const repository = new Repository();
    const layers = signers.map((one, index) =>
      repository.put(
        {
          payloadType: 'application/vnd.in-toto+json',
          payload: payload.toString('base64'),
          signatures: [
            {
              keyid: '',
              sig: sign('sha256', preAuthEncoding('application/vnd.in-toto+json', payload), one.key).toString(
                'base64',
              ),
            },
          ],
        },
        type,
        { annotations: { predicateType: spdx, index: `${index}` } },
      ),
    );
    const config = repository.put('{}', 'application/vnd.oci.image.config.v1+json');
    const manifest = repository.put(
      { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers },
      mediaTypes.ociManifest,
    );
    repository.tags.set(`${image.digest.replace(':', '-')}.att`, manifest.digest);
    return repository;
  }

  it('count as statements, each for itself', async () => {
    const report = await verify({
      repository: attested('application/vnd.dsse.envelope.v1+json', newKey(), key),
    });
    expect(report).toMatchObject({
      valid: [],
      refused: [],
      statements: [{ format: 'cosign-v2', predicateType: spdx, payloadDigest: digestOf(payload) }],
      refusedStatements: [{ format: 'cosign-v2', reason: 'no trusted key signed it' }],
    });
  });

  it('are refused as what they are not', async () => {
    expect(await reasonOf({ repository: attested('text/plain', key) })).toMatch(
      /no signed document of cosign-v2/,
    );
  });

  it('are never taken for none where their tag cannot be looked up', async () => {
    const repository = signed();
    const failing = Object.assign(repository, {
      manifest: (reference: string) =>
        reference.endsWith('.att')
          ? Promise.reject(new Error('no connection'))
          : Repository.prototype.manifest.call(repository, reference),
    });
    await expect(verify({ repository: failing })).rejects.toThrow('no connection');
  });
});

describe('digests', () => {
  const hex = image.digest.slice(7);

  it.each([
    ['of another algorithm with the same digits', { sha512: hex }, /no sha256 or sha512 digest/],
    ['of another algorithm', { sha512: 'a'.repeat(128) }, /signed another image, sha512:/],
    ['with a name in upper case', { SHA256: hex }, /no sha256 or sha512 digest/],
    ['cut short', { sha256: hex.slice(1) }, /no sha256 or sha512 digest/],
    ['of two algorithms', { sha256: hex, sha512: 'a'.repeat(128) }, /several digests/],
  ])('%s are another image', async (_, digest, reason) => {
    const repository = new Repository();
    attach(repository, { statement: statement({ subject: [{ digest }] }) });
    expect(await reasonOf({ repository })).toMatch(reason);
  });

  it('of an image by sha512 are compared whole', async () => {
    const digest: Digest = digestOf('an image', 'sha512');
    const repository = new Repository();
    const about = (subject: object) =>
      attach(repository, {
        statement: statement({ subject: [{ digest: subject }] }),
        manifest: { subject: { ...image, digest } },
      });
    about({ sha256: digest.slice(7, 71) });
    const wrong = await verifyEvidence({ digest }, repository, trustOfKeys([signer()]), now);
    expect(wrong).toMatchObject({ valid: [], refused: [{ reason: expect.stringMatching(/another image/) }] });
    about({ sha512: digest.slice(7) });
    expect((await verifyEvidence({ digest }, repository, trustOfKeys([signer()]), now)).valid).toHaveLength(
      1,
    );
  });
});

describe('a flood', () => {
  const stranger = newKey();

  it.each([
    [
      'of signatures by strangers',
      (repository: Repository, n: number) =>
        attach(repository, { signer: stranger, statement: statement({ predicate: { n } }) }),
    ],
    [
      'of signatures in the name of the trusted key',
      (repository: Repository, n: number) =>
        attach(repository, { signer: stranger, hintOf: key, statement: statement({ predicate: { n } }) }),
    ],
    [
      'of what is no JSON',
      (repository: Repository, n: number) => attach(repository, { bundle: () => `${n}`.padStart(9) }),
    ],
    [
      'of statements by the trusted key',
      (repository: Repository, n: number) =>
        attach(repository, { statement: statement({ predicateType: spdx, predicate: { n } }) }),
    ],
  ])('%s before the genuine one does not hide it', async (_, bogus) => {
    const repository = new Repository();
    for (let n = 0; n < 1000; n += 1) bogus(repository, n);
    attach(repository);
    const { valid, refused } = await verify({ repository });
    expect(valid).toHaveLength(1);
    expect(refused.length).toBeLessThanOrEqual(102);
  });

  it('of large ones leaves small ones to be looked at', async () => {
    const repository = new Repository();
    const filler = 'x'.repeat(100_000);
    for (let n = 0; n < 20; n += 1)
      attach(repository, { signer: stranger, statement: statement({ predicate: { n, filler } }) });
    attach(repository);
    const { valid, refused } = await verify({ repository, limits: { total: 500_000 } });
    expect(valid).toHaveLength(1);
    expect(refused.at(-1)?.reason).toMatch(
      /^\d+ more signed documents were not looked at: there are too many$/,
    );
  });

  it('that goes beyond what is looked at is told, never passed over', async () => {
    const repository = new Repository();
    for (let n = 0; n < 30; n += 1)
      attach(repository, { signer: stranger, statement: statement({ predicate: { n } }) });
    const { refused } = await verify({ repository, limits: { count: 10 } });
    expect(refused.at(-1)?.reason).toBe('20 more referrers were not looked at: there are too many');
  });

  it('of what names no key costs no more attempts than are allowed, and leaves what names its key', async () => {
    const repository = new Repository();
    for (let n = 0; n < 30; n += 1)
      attach(repository, { signer: stranger, statement: statement({ predicate: { n } }) });
    attach(repository);
    const signers = [signer(), signer({ name: 'b' }, newKey()), signer({ name: 'c' }, newKey())];
    const { valid, refused } = await verify({ repository, signers, limits: { checks: 30 } });
    expect(valid).toHaveLength(1);
    expect(refused.filter(({ reason }) => reason === 'no trusted key signed it')).toHaveLength(10);
    expect(
      refused.filter(({ reason }) => /too many signatures name no trusted key/.test(reason)),
    ).toHaveLength(20);
  });

  it('does not hide why the genuine one does not count', async () => {
    const repository = new Repository();
    for (let n = 0; n < 200; n += 1)
      attach(repository, { signer: stranger, statement: statement({ predicate: { n } }) });
    attach(repository);
    const { refused } = await verify({ repository, signers: [signer({ validTo: '2026-01-01T00:00:00Z' })] });
    expect(refused[0]?.reason).toMatch(/release was trusted until 2026-01-01/);
    expect(refused.at(-1)?.reason).toBe('101 more do not count');
  });
});

describe('the report', () => {
  it('is the same in whatever order a registry lists', async () => {
    const repository = new Repository();
    attach(repository);
    attach(repository, { signer: newKey() });
    attach(repository, { statement: statement({ predicateType: spdx }) });
    attach(repository, {
      statement: statement({ predicateType: spdx, predicate: { n: 1 } }),
      signer: newKey(),
    });
    attach(repository, { bundle: () => '{}' });
    const listed = [...repository.listed];
    const expected = await verify({ repository });
    const holds = asyncProperty(
      shuffledSubarray(listed, { minLength: listed.length }),
      array(integer({ min: 0, max: listed.length - 1 }), { maxLength: 3 }),
      async (order, again) => {
        repository.listed.splice(0, Infinity, ...order, ...again.map((index) => listed[index]!));
        expect(await verify({ repository })).toEqual(expected);
      },
    );
    await assert(holds, { numRuns: 30 });
  });

  it('calls a bundle that is only listed as one what it is', async () => {
    const repository = new Repository();
    attach(repository, { manifest: { artifactType: 'application/vnd.oci.empty.v1+json' } });
    repository.put('{}', bundleType);
    expect((await verify({ repository })).valid).toHaveLength(1);
  });
});
