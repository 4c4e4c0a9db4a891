import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { isWharfingerError } from '../../errors.ts';
import { issue } from '../notation/authority.fixtures.ts';
import { parseSigstoreRoot } from './root.ts';
import { EntryLog } from './testing/entry-log.ts';
import { signFile } from './testing/local-sigstore.ts';
import { file, later, other, person, reasonFor, sigstore, verify } from './verify-blob.fixtures.ts';

const lists = ['tlogs', 'ctlogs', 'certificateAuthorities', 'timestampAuthorities'] as const;
type Item = Record<string, unknown>;
type Root = Record<(typeof lists)[number], Item[]>;

/** The root of the instance, its first entry of one list changed. */
function changed(list: (typeof lists)[number], change: (item: Item) => object): string {
  return sigstore.trustedRoot((document) => {
    const [first, ...rest] = (document as Root)[list];
    return { ...document, [list]: [change(first!), ...rest] };
  });
}

function withLogs(...tlogs: object[]): string {
  return sigstore.trustedRoot((document) => ({ ...document, tlogs }));
}

const withKey = (over: object) => (log: Item) => ({
  ...log,
  publicKey: { ...(log['publicKey'] as Item), ...over },
});
const period = { start: later(-60).toISOString() };
const { publicKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const rsaKey = rsa.export({ type: 'spki', format: 'der' }).toString('base64');

function reasonAgainst(text: string): string {
  try {
    parseSigstoreRoot(text);
    return 'it was accepted';
  } catch (error) {
    if (!isWharfingerError(error, 'TRUSTED_ROOT_INVALID')) throw error;
    return error.message;
  }
}

describe('a trusted root', () => {
  test.each(['tlogs', 'ctlogs'] as const)('says from when each of its %s counts', (list) => {
    const reason = (validFor: unknown) => reasonAgainst(changed(list, withKey({ validFor })));
    expect(reason({})).toMatch(/the log "https:.*" has a period of validity that never starts/);
    expect(reason({ start: null })).toMatch(/never starts/);
    expect(reason({ end: later(9).toISOString() })).toMatch(/never starts/);
    expect(reason(undefined)).toMatch(/has no period of validity/);
    expect(reason({ start: 'soon' })).toMatch(/has a time that is none/);
    expect(reason({ ...period, end: 'late' })).toMatch(/has a time that is none/);
    expect(reason({ ...period, end: null })).toBe('it was accepted');
  });

  test.each(['certificateAuthorities', 'timestampAuthorities'] as const)(
    'may leave open when its %s count, but not from when on',
    (list) => {
      const reason = (validFor: unknown) => reasonAgainst(changed(list, (one) => ({ ...one, validFor })));
      expect(reason({ end: later(9).toISOString() })).toMatch(/the authority "https:.*" has .* never starts/);
      expect(reason({})).toMatch(/never starts/);
      expect(reason(undefined)).toBe('it was accepted');
    },
  );

  test.each([
    ['of another hash', (log: Item) => ({ ...log, hashAlgorithm: 'SHA2_512' }), /hash than SHA2_256/],
    ['of no hash', (log: Item) => ({ ...log, hashAlgorithm: undefined }), /hash than SHA2_256/],
    ['without a name', (log: Item) => ({ ...log, logId: undefined }), /has no identifier/],
    [
      'without a key',
      (log: Item) => ({ ...log, publicKey: { validFor: period } }),
      /PUBLIC_KEY_DETAILS_UNSPECIFIED/,
    ],
    ['with a key of lattices', withKey({ keyDetails: 'ML_DSA_65' }), /ML_DSA_65/],
    ['with hash-based signatures', withKey({ keyDetails: 'LMS_SHA256' }), /LMS_SHA256, by which nothing is/],
    [
      'with a padding that logs do not use',
      withKey({ keyDetails: 'PKIX_RSA_PSS_2048_SHA256' }),
      /RSA_PSS_2048/,
    ],
    ['with a key of another kind', withKey({ rawBytes: rsaKey }), /of the kind rsa, not PKIX_ECDSA_P256/],
    ['with a key that is none', withKey({ rawBytes: 'AAAA' }), /cannot be read/],
  ])('has no log %s', (_, change, reason) => {
    expect(reasonAgainst(changed('tlogs', change))).toMatch(reason);
  });

  test('has no authority without certificates, or with what is none', () => {
    const reason = (certChain: object | undefined) =>
      reasonAgainst(changed('certificateAuthorities', (one) => ({ ...one, certChain })));
    expect(reason(undefined)).toMatch(/has no certificate/);
    expect(reason({ certificates: [] })).toMatch(/has no certificate/);
    expect(reason({ certificates: [{ rawBytes: 'AAAA' }] })).toMatch(/a certificate of .* cannot be read/);
  });
});

describe('a log', () => {
  const keys = {
    'P-384': () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    'P-521': () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
    RSA: () => generateKeyPairSync('rsa', { modulusLength: 3072 }),
    Ed25519: () => generateKeyPairSync('ed25519'),
  };

  test.each(Object.entries(keys))('may sign with a key of the kind %s', async (_, make) => {
    const log = new EntryLog(1, 'rekor.local', { key: make().privateKey });
    const bundle = signFile(sigstore, file, person, { log });
    expect(await verify(bundle, { root: withLogs(log.instance(period)) })).toHaveProperty('signedAt');
    const stranger = new EntryLog(1, 'rekor.local', { key: make().privateKey });
    const impostor = { ...stranger.instance(period), logId: { keyId: log.id.toString('base64') } };
    expect(await reasonFor(bundle, { root: withLogs(impostor) })).toMatch(/promise could not be verified/);
  });

  test('signs by the name of its machine where it is of the first kind, by its address where of the second', async () => {
    const machine = 'log-00001-deployment-56bf7777c9';
    const first = new EntryLog(1, 'rekor.local', { machine });
    const named = signFile(sigstore, file, person, { log: first });
    expect(await verify(named, { root: withLogs(first.instance(period)) })).toHaveProperty('signedAt');
    const nameless = { ...first.instance(period), baseUrl: '' };
    expect(await verify(named, { root: withLogs(nameless) })).toHaveProperty('signedAt');
    const stranger = new EntryLog(1, 'rekor.local', { machine });
    const impostor = { ...stranger.instance(period), logId: { keyId: first.id.toString('base64') } };
    const proven = signFile(sigstore, file, person, { log: first, promise: false, stamped: true });
    expect(await reasonFor(proven, { root: withLogs(impostor) })).toMatch(/invalid checkpoint signature/);
    const second = new EntryLog(2, 'log2.local', { machine });
    const other = signFile(sigstore, file, person, { log: second });
    expect(await reasonFor(other, { root: withLogs(second.instance(period)) })).toMatch(/invalid checkpoint/);
  });

  test('goes by either of its identifiers', async () => {
    const checkpointKeyId = { keyId: sigstore.log.id.subarray(0, 4).toString('base64') };
    const both = { ...sigstore.log.instance(period), checkpointKeyId };
    const root = (log: object) =>
      sigstore.trustedRoot((document) => ({
        ...document,
        mediaType: 'application/vnd.dev.sigstore.trustedroot.v0.2+json',
        tlogs: [log],
      }));
    expect(await verify(signFile(sigstore, file, person), { root: root(both) })).toHaveProperty('signedAt');
    const second = { ...sigstore.secondLog.instance(period) };
    const { logId } = second as { logId: object };
    const same = { ...second, checkpointKeyId: logId };
    const named = signFile(sigstore, file, person, { log: sigstore.secondLog });
    expect(await verify(named, { root: root(same) })).toHaveProperty('signedAt');
    expect(await verify(named, { root: root({ ...same, logId: undefined }) })).toHaveProperty('signedAt');
    expect(parseSigstoreRoot(root(same)).tlogs).toHaveLength(1);
  });

  test('may be one of many, each with its own time', async () => {
    const ended = { start: later(-600).toISOString(), end: later(-300).toISOString() };
    const coming = { start: later(300).toISOString() };
    const old = new EntryLog(1, 'old.local');
    const next = new EntryLog(1, 'next.local');
    const root = withLogs(old.instance(ended), sigstore.log.instance(period), next.instance(coming));
    expect(await verify(signFile(sigstore, file, person), { root })).toHaveProperty('signedAt');
    for (const log of [old, next]) {
      expect(await reasonFor(signFile(sigstore, file, person, { log }), { root })).toMatch(
        /promise could not/,
      );
    }
  });
});

describe('an authority', () => {
  const entry = (certificates: readonly Buffer[], validFor: object = period) => ({
    uri: 'https://fulcio.local',
    certChain: { certificates: certificates.map((der) => ({ rawBytes: der.toString('base64') })) },
    validFor,
  });
  const withAuthorities = (...certificateAuthorities: object[]) =>
    sigstore.trustedRoot((document) => ({ ...document, certificateAuthorities }));
  const { chain } = sigstore.authority.issuer;

  test('may be one of many, each with its own time', async () => {
    const bundle = signFile(sigstore, file, person);
    const strange = entry(other.authority.issuer.chain);
    const ended = entry(chain, { start: later(-60).toISOString(), end: later(-1).toISOString() });
    expect(await verify(bundle, { root: withAuthorities(ended, strange, entry(chain)) })).toHaveProperty(
      'keyId',
    );
    expect(await reasonFor(bundle, { root: withAuthorities(ended, strange) })).toMatch(
      /verify certificate chain/,
    );
  });

  test('may be trusted though the one above it is not named', async () => {
    const bundle = signFile(sigstore, file, person);
    const [issuer] = chain;
    expect(await verify(bundle, { root: withAuthorities(entry([issuer!])) })).toHaveProperty('keyId');
    const foreign = signFile(other, file, person, { log: sigstore.log });
    expect(await reasonFor(foreign, { root: withAuthorities(entry([issuer!])) })).toMatch(
      /verify certificate chain/,
    );
    const namesake = issue({
      subject: [
        ['O', 'Local'],
        ['CN', 'Issuer'],
      ],
      issuer: other.authority.root,
      ca: true,
      notBefore: later(-60),
      notAfter: later(60),
    });
    expect(await reasonFor(bundle, { root: withAuthorities(entry([namesake.der])) })).toMatch(
      /verify certificate chain/,
    );
  });

  test('of timestamps may be one of many, and each stamp is looked at', async () => {
    const bundle = signFile(sigstore, file, person, { log: sigstore.secondLog });
    const signature = Buffer.from(bundle.messageSignature!.signature, 'base64');
    const stamps = (...made: Buffer[]) => ({
      rfc3161Timestamps: made.map((der) => ({ signedTimestamp: der.toString('base64') })),
    });
    const root = sigstore.trustedRoot((document) => ({
      ...document,
      timestampAuthorities: [entry(other.timestampSigner.chain), entry(sigstore.timestampSigner.chain)],
    }));
    const both = [sigstore.stamp(signature, { at: later(2) }), other.stamp(signature, { at: later(1) })];
    bundle.verificationMaterial.timestampVerificationData = stamps(...both);
    expect(await verify(bundle, { root, now: later(3) })).toHaveProperty('signedAt', later(1).toISOString());
    const late = [both[0]!, other.stamp(signature, { at: later(30) })];
    bundle.verificationMaterial.timestampVerificationData = stamps(...late);
    expect(await reasonFor(bundle, { root, now: later(60) })).toMatch(/verify certificate chain/);
  });
});
