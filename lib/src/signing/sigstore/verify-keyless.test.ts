import { Null } from 'asn1js';
import { describe, expect, test } from 'vitest';
import { extension, issue, oids } from '../notation/authority.fixtures.ts';
import { EntryLog } from './testing/entry-log.ts';
import { signFile } from './testing/local-sigstore.ts';
import {
  changed,
  entryChanged,
  file,
  later,
  other,
  person,
  reasonFor,
  sigstore,
  verify,
  type Given,
} from './verify-blob.fixtures.ts';

describe('a file that is signed without a key', () => {
  test.each([
    ['by a log that promises', {}],
    ['with a timestamp too', { stamped: true }],
    ['by a log that only proves, with a timestamp', { log: sigstore.secondLog }],
    ['by a log that promised nothing, with a timestamp', { promise: false, stamped: true }],
  ])('verifies %s', async (_, options) => {
    expect(await verify(signFile(sigstore, file, person, options))).toEqual({
      identity: person,
      keyId: expect.stringMatching(/^[0-9a-f]{64}$/),
      signedAt: sigstore.now.toISOString(),
    });
  });

  test('verifies long after its certificate ran out', async () => {
    const bundle = signFile(sigstore, file, person);
    expect(await verify(bundle, { now: later(60 * 24 * 365) })).toHaveProperty('signedAt');
  });

  test('was signed at the earliest time that somebody saw it', async () => {
    const bundle = signFile(sigstore, file, person, { at: later(5) });
    const signature = Buffer.from(bundle.messageSignature!.signature, 'base64');
    const stamp = sigstore.stamp(signature, { at: later(2) });
    bundle.verificationMaterial.timestampVerificationData = {
      rfc3161Timestamps: [{ signedTimestamp: stamp.toString('base64') }],
    };
    expect(await verify(bundle, { now: later(6) })).toHaveProperty('signedAt', later(2).toISOString());
  });

  test('verifies in the forms of earlier versions', async () => {
    const old = (version: string) =>
      changed((bundle) => {
        bundle.mediaType = `application/vnd.dev.sigstore.bundle+json;version=${version}`;
        const { certificate, ...material } = bundle.verificationMaterial;
        bundle.verificationMaterial = { x509CertificateChain: { certificates: [certificate!] }, ...material };
      });
    expect(await verify(old('0.1'))).toHaveProperty('identity');
    expect(await verify(old('0.2'))).toHaveProperty('identity');
    const promised = entryChanged((entry) => delete entry.inclusionProof, old('0.1'));
    expect(await verify(promised)).toHaveProperty('identity');
    const early = entryChanged((entry) => delete entry.inclusionProof!.checkpoint, old('0.1'));
    expect(await verify(early)).toHaveProperty('identity');
    expect(await reasonFor(entryChanged((entry) => delete entry.inclusionPromise, old('0.1')))).toBe(
      'the log entry carries no promise of inclusion',
    );
    expect(await reasonFor(entryChanged((entry) => delete entry.inclusionProof, old('0.2')))).toBe(
      'the log entry carries no proof of inclusion',
    );
  });
});

describe('who signed', () => {
  test.each([
    [
      { subject: { exact: 'https://ci.example/acme' } },
      /^it is signed by "https:\/\/ci.example\/acme\/app"$/,
    ],
    [{ subject: { exact: `${person.subject}x` } }, /^it is signed by/],
    [{ subject: { pattern: 'https://ci.example' } }, /^it is signed by/],
    [{ issuer: { exact: 'https://token.example.evil.example' } }, /"https:\/\/token.example" vouches for/],
    [{ issuer: { pattern: 'token' } }, /"https:\/\/token.example" vouches for/],
  ] satisfies [Given, RegExp][])('is compared as a whole: %j', async (given, reason) => {
    expect(await reasonFor(signFile(sigstore, file, person), given)).toMatch(reason);
  });

  test.each([
    'https://ci.example/acme/app.evil.example',
    'https://ci.example.evil.example/acme/app',
    'https://evil.example/?https://ci.example/acme/app',
  ])('is not one who looks like it: %s', async (subject) => {
    const pattern = 'https://ci\\.example/acme/[a-z]+';
    const bundle = signFile(sigstore, file, { ...person, subject });
    expect(await reasonFor(bundle)).toBe(`it is signed by "${subject}"`);
    expect(await reasonFor(bundle, { subject: { pattern } })).toBe(`it is signed by "${subject}"`);
  });

  test.each([
    ['two subjects', { also: ['https://evil.example'] }, /names 2 subjects/],
    ['a zero byte in the subject', { subject: `${person.subject}://\0.evil` }, /not plain text/],
    ['letters with their high bit set', { subject: `https://c\xe9.example` }, /not plain text/],
    ['a line break in the issuer', { issuer: `${person.issuer}\n` }, /the issuer in the certificate is not/],
    ['no purpose of signing code', { purposes: [oids.serverAuth] }, /not for signing code/],
    ['the rights of an authority', { ca: true }, /is that of an authority/],
    [
      'a critical extension that nobody knows',
      { more: [extension('1.2.3.4', true, new Null())] },
      /critical extension 1\.2\.3\.4/,
    ],
    [
      'an extension twice',
      { more: [1, 2].map(() => extension('1.2.3.4', false, new Null())) },
      /extension 1\.2\.3\.4 twice/,
    ],
    ['no receipt of a log', { receipt: false }, /expected 1 SCTs, got 0/],
  ])('is nobody by a certificate with %s', async (_, certificate, reason) => {
    expect(await reasonFor(signFile(sigstore, file, person, { certificate }))).toMatch(reason);
  });

  test('is nobody by a certificate whose receipt is of a log that does not count', async () => {
    const strange = other.authority.certificateLog({ start: '2020-01-01T00:00:00Z' });
    const trusted = sigstore.trustedRoot((document) => ({ ...document, ctlogs: [strange] }));
    expect(await reasonFor(signFile(sigstore, file, person), { root: trusted })).toMatch(/SCT verification/);
  });
});

describe('when it was signed', () => {
  test('must be known', async () => {
    const bundle = signFile(sigstore, file, person, { promise: false });
    expect(await reasonFor(bundle)).toMatch(/expected 1 timestamps, got 0/);
  });

  test.each([-30, 30])('must be while the certificate held, not %i minutes off', async (minutes) => {
    const bundle = signFile(sigstore, file, person, { at: later(minutes) });
    expect(await reasonFor(bundle, { now: later(60) })).toMatch(/verify certificate chain/);
    const stamped = signFile(sigstore, file, person, { log: sigstore.secondLog, at: later(minutes) });
    expect(await reasonFor(stamped, { now: later(60) })).toMatch(/verify certificate chain/);
  });

  test('holds for every time that it carries', async () => {
    const bundle = signFile(sigstore, file, person);
    const stamp = sigstore.stamp(Buffer.from(bundle.messageSignature!.signature, 'base64'), {
      at: later(30),
    });
    bundle.verificationMaterial.timestampVerificationData = {
      rfc3161Timestamps: [{ signedTimestamp: stamp.toString('base64') }],
    };
    expect(await reasonFor(bundle, { now: later(60) })).toMatch(/verify certificate chain/);
  });

  test('is not in the future', async () => {
    expect(await reasonFor(signFile(sigstore, file, person), { now: later(-6) })).toMatch(/in the future/);
  });

  test('cannot be said by somebody else', async () => {
    const bundle = signFile(sigstore, file, person, { log: sigstore.secondLog });
    const signature = Buffer.from(bundle.messageSignature!.signature, 'base64');
    const stamps: ReadonlyArray<readonly [string, Buffer]> = [
      ['another authority', other.stamp(signature)],
      ['another signature', sigstore.stamp(Buffer.from('another'))],
    ];
    for (const [name, stamp] of stamps) {
      const forged = structuredClone(bundle);
      forged.verificationMaterial.timestampVerificationData!.rfc3161Timestamps[0]!.signedTimestamp =
        stamp.toString('base64');
      expect([name, await reasonFor(forged)]).toEqual([
        name,
        'it does not verify: expected 1 timestamps, got 0',
      ]);
    }
  });

  test('is known by the log even where the root does not know who stamped it too', async () => {
    const bundle = signFile(sigstore, file, person);
    const stamp = other.stamp(Buffer.from(bundle.messageSignature!.signature, 'base64'), { at: later(-900) });
    bundle.verificationMaterial.timestampVerificationData = {
      rfc3161Timestamps: [{ signedTimestamp: stamp.toString('base64') }],
    };
    expect(await verify(bundle)).toHaveProperty('signedAt', sigstore.now.toISOString());
  });

  test('cannot be said twice by the same stamp', async () => {
    const bundle = changed(
      ({ verificationMaterial: { timestampVerificationData: data } }) =>
        data!.rfc3161Timestamps.push(data!.rfc3161Timestamps[0]!),
      signFile(sigstore, file, person, { stamped: true }),
    );
    expect(await reasonFor(bundle)).toMatch(/duplicate timestamp/);
  });

  test('may be said by an authority whose certificate is in the stamp, if the root has its issuer', async () => {
    const bundle = signFile(sigstore, file, person, { log: sigstore.secondLog });
    const issuersOnly = (authority: typeof sigstore.timestampRoot) =>
      sigstore.trustedRoot((document) => ({
        ...document,
        timestampAuthorities: [
          {
            uri: 'https://tsa.local',
            certChain: { certificates: [{ rawBytes: authority.der.toString('base64') }] },
          },
        ],
      }));
    expect(await verify(bundle, { root: issuersOnly(sigstore.timestampRoot) })).toHaveProperty('signedAt');
    expect(await reasonFor(bundle, { root: issuersOnly(other.timestampRoot) })).toMatch(
      /expected 1 timestamps, got 0/,
    );
    const noStamper = issue({ subject: [['CN', 'Not time']], issuer: sigstore.timestampRoot });
    const forged = structuredClone(bundle);
    const signature = Buffer.from(bundle.messageSignature!.signature, 'base64');
    forged.verificationMaterial.timestampVerificationData!.rfc3161Timestamps[0]!.signedTimestamp = sigstore
      .stamp(signature, { authority: noStamper })
      .toString('base64');
    expect(await reasonFor(forged, { root: issuersOnly(sigstore.timestampRoot) })).toMatch(
      /expected 1 timestamps, got 0/,
    );
  });
});

describe('the log', () => {
  const stranger = new EntryLog(1, 'rekor.local');
  const anotherEntry = () => signFile(sigstore, file, person).verificationMaterial.tlogEntries[0]!;
  const proven = () => signFile(sigstore, file, person, { log: sigstore.secondLog });

  test.each([
    [
      'is one that does not count',
      () => signFile(sigstore, file, person, { log: stranger }),
      /promise could not/,
    ],
    [
      'has another signature',
      () => changed(({ verificationMaterial }) => (verificationMaterial.tlogEntries = [anotherEntry()])),
      /of another signer/,
    ],
    [
      'has none',
      () => changed(({ verificationMaterial }) => (verificationMaterial.tlogEntries = [])),
      /expected 1/,
    ],
    [
      'has it twice',
      () => changed(({ verificationMaterial: { tlogEntries } }) => tlogEntries.push(tlogEntries[0]!)),
      /duplicate/,
    ],
    [
      'has another as well',
      () => changed(({ verificationMaterial: { tlogEntries } }) => tlogEntries.push(anotherEntry())),
      /of another signer/,
    ],
    [
      'is said to have taken it at another time',
      () => entryChanged((entry) => (entry.integratedTime = String(Number(entry.integratedTime) + 1))),
      /promise could not be verified/,
    ],
    [
      'is said to have it at another place',
      () => entryChanged((entry) => (entry.logIndex = '99')),
      /promise could not be verified/,
    ],
    [
      'is said to be another',
      () => entryChanged((entry) => (entry.logId.keyId = sigstore.secondLog.id.toString('base64'))),
      /promise could not be verified/,
    ],
    [
      'proves another tree',
      () => entryChanged((entry) => (entry.inclusionProof!.treeSize = '7000'), proven()),
      /of another tree/,
    ],
    [
      'proves another root',
      () =>
        entryChanged(
          (entry) => (entry.inclusionProof!.rootHash = Buffer.alloc(32).toString('base64')),
          proven(),
        ),
      /of another tree/,
    ],
    [
      'proves less',
      () => entryChanged((entry) => entry.inclusionProof!.hashes.pop(), proven()),
      /invalid hash count/,
    ],
    [
      'proves another entry',
      () => entryChanged((entry) => (entry.inclusionProof!.logIndex = '0'), proven()),
      /root hash|hash count/,
    ],
    [
      'signs a state that another log has',
      () =>
        entryChanged((entry) => {
          const [note] = entry.inclusionProof!.checkpoint!.envelope.split('\n\n');
          const [, signature] = stranger.checkpoint().split('\n\n');
          entry.inclusionProof!.checkpoint!.envelope = `${note}\n\n${signature}`;
        }, proven()),
      /invalid checkpoint signature/,
    ],
    [
      'has an entry of another kind than said',
      () => entryChanged((entry) => (entry.kindVersion = { kind: 'dsse', version: '0.0.1' })),
      /of another kind/,
    ],
    [
      'has an entry of another version than said',
      () => entryChanged((entry) => (entry.kindVersion.version = '0.0.2')),
      /of another kind/,
    ],
  ])('%s', async (_, make, reason) => {
    expect(await reasonFor(make())).toMatch(reason);
  });

  test('counts until its last second, and no longer', async () => {
    const until = (end: Date) =>
      sigstore.trustedRoot((document) => ({
        ...document,
        tlogs: [sigstore.log.instance({ start: '2020-01-01T00:00:00Z', end: end.toISOString() })],
      }));
    const bundle = signFile(sigstore, file, person);
    expect(await verify(bundle, { root: until(sigstore.now) })).toHaveProperty('signedAt');
    expect(await reasonFor(bundle, { root: until(later(-1)) })).toMatch(/promise could not be verified/);
    const proving = (end: Date) =>
      sigstore.trustedRoot((document) => ({
        ...document,
        tlogs: [sigstore.secondLog.instance({ start: '2020-01-01T00:00:00Z', end: end.toISOString() })],
      }));
    expect(await verify(proven(), { root: proving(sigstore.now) })).toHaveProperty('signedAt');
    expect(await reasonFor(proven(), { root: proving(later(-1)) })).toBe(
      'the log did not count when it was signed',
    );
  });
});

describe('trust', () => {
  test('is not given by the root of another instance', async () => {
    expect(await reasonFor(signFile(sigstore, file, person), { root: other.trustedRoot() })).toMatch(
      /verify certificate chain/,
    );
  });

  test('is not given by an authority before or after its time', async () => {
    const at = (validFor: object) =>
      sigstore.trustedRoot((document) => ({
        ...document,
        certificateAuthorities: (document['certificateAuthorities'] as object[]).map((one) => ({
          ...one,
          validFor,
        })),
      }));
    const bundle = signFile(sigstore, file, person);
    const start = later(-60 * 24).toISOString();
    expect(await verify(bundle, { root: at({ start, end: sigstore.now.toISOString() }) })).toHaveProperty(
      'keyId',
    );
    for (const validFor of [{ start, end: later(-1).toISOString() }, { start: later(1).toISOString() }]) {
      expect(await reasonFor(bundle, { root: at(validFor) })).toMatch(/verify certificate chain/);
    }
  });

  test('is not given by a bundle that brings its own root', async () => {
    const chain = (...certificates: Buffer[]) =>
      changed((bundle) => {
        const { certificate, ...material } = bundle.verificationMaterial;
        const more = certificates.map((der) => ({ rawBytes: der.toString('base64') }));
        bundle.verificationMaterial = {
          ...material,
          x509CertificateChain: { certificates: [certificate!, ...more] },
        };
      });
    const [issuer, top] = sigstore.authority.issuer.chain;
    expect(await reasonFor(chain(issuer!, top!))).toBe(
      'bundles of version 0.3 carry a certificate, not a chain',
    );
    const ofOther = chain(...other.authority.issuer.chain);
    ofOther.mediaType = 'application/vnd.dev.sigstore.bundle+json;version=0.2';
    expect(await verify(ofOther)).toHaveProperty('identity');
    expect(await reasonFor(ofOther, { root: other.trustedRoot() })).toMatch(/verify certificate chain/);
  });
});
