import { sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../oci/digest.ts';
import { pem } from '../notation/authority.fixtures.ts';
import type { TrustSet } from '../evidence.ts';
import { refusalReason } from '../refusal.ts';
import type { VerifyContext } from '../verify-context.ts';
import { sigstoreVerifier } from './image-verifier.ts';
import { LocalSigstore } from './testing/local-sigstore.ts';

const sigstore = new LocalSigstore(new Date('2026-11-22T03:00:00Z'));
const other = new LocalSigstore(sigstore.now);
const ci = { subject: 'https://ci.example/acme/app', issuer: 'https://token.example' };
const payload = Buffer.from('a payload');
const { key, certificate } = sigstore.certify(ci);
const signature = sign('sha256', payload, key.key);

interface Entry {
  readonly canonicalizedBody: string;
  readonly integratedTime: string;
  readonly logIndex: string;
  readonly logId: { readonly keyId: string };
  readonly inclusionPromise: { readonly signedEntryTimestamp: string };
}

/** A log's receipt as cosign 2 keeps it. */
function receiptOf(signed: Buffer, over: { at?: Date; from?: LocalSigstore } = {}) {
  const { at = sigstore.now, from = sigstore } = over;
  const digest = Buffer.from(digestOf(payload).slice(7), 'hex');
  const entry = from.log.append(
    { signature: signed, digest, signer: certificate },
    { integratedTime: at.getTime() / 1000 },
  ) as unknown as Entry;
  return {
    SignedEntryTimestamp: entry.inclusionPromise.signedEntryTimestamp,
    Payload: {
      body: entry.canonicalizedBody,
      integratedTime: Number(entry.integratedTime),
      logIndex: Number(entry.logIndex),
      logID: Buffer.from(entry.logId.keyId, 'base64').toString('hex'),
    },
  };
}

const names = {
  certificate: 'dev.sigstore.cosign/certificate',
  log: 'dev.sigstore.cosign/bundle',
  timestamp: 'dev.sigstore.cosign/rfc3161timestamp',
} as const;

type Receipt = ReturnType<typeof receiptOf>;

const good = receiptOf(signature);
const annotations = (receipt: unknown = good, more: Readonly<Record<string, string>> = {}) => ({
  [names.certificate]: pem('CERTIFICATE', certificate),
  [names.log]: typeof receipt === 'string' ? receipt : JSON.stringify(receipt),
  ...more,
});

const trust: TrustSet = {
  signers: [
    {
      name: 'ci',
      keyless: { issuer: { exact: ci.issuer }, subject: { exact: ci.subject }, root: 'local' },
    },
  ],
  formats: ['cosign-v2'],
  sigstoreRoots: { local: sigstore.trustedRoot() },
  trustStores: {},
  certificateRevocations: [],
  revocations: [],
};

async function outcomeOf(given: Readonly<Record<string, string>>, signed = payload): Promise<unknown> {
  const context = { trust, keys: [], now: sigstore.now, spendChecks: () => {} } as unknown as VerifyContext;
  const found = { signed, signature, document: signed, annotations: given };
  return sigstoreVerifier.annotatedSigner(found, context).then(
    ({ identity, signedAt }) => ({ identity, signedAt }),
    (error: unknown) => refusalReason(error) ?? error,
  );
}

describe('a payload that cosign 2 signed without a key', () => {
  test('counts by the receipt of a log, with a timestamp or not', async () => {
    const expected = { identity: ci, signedAt: sigstore.now };
    expect(await outcomeOf(annotations())).toEqual(expected);
    const stamp = { SignedRFC3161Timestamp: sigstore.stamp(signature).toString('base64') };
    const stamped = annotations(good, { [names.timestamp]: JSON.stringify(stamp) });
    expect(await outcomeOf(stamped)).toEqual(expected);
  });

  const changed = (change: Partial<Receipt['Payload']>) => ({
    ...good,
    Payload: { ...good.Payload, ...change },
  });
  test.each([
    ['no receipt', {}, /expected 1 timestamps, got 0/],
    ['a receipt of another signature', receiptOf(Buffer.from('another')), /signature mismatch/],
    ['a receipt of another log', receiptOf(signature, { from: other }), /promise could not be verified/],
    ['a receipt of another time', changed({ integratedTime: 1 }), /promise could not|certificate chain/],
    ['a receipt of another place', changed({ logIndex: 77 }), /promise could not be verified/],
    ['a receipt in the name of another log', changed({ logID: 'ab'.repeat(32) }), /promise could not/],
    [
      'a log that is named in capitals',
      changed({ logID: good.Payload.logID.toUpperCase() }),
      /not a SHA-256/,
    ],
    [
      'a receipt from before the certificate',
      receiptOf(signature, { at: new Date(sigstore.now.getTime() - 3_600_000) }),
      /certificate chain/,
    ],
    ['one more field', { ...good, extra: 1 }, /unknown field "extra"/],
    ['one more field in the payload', changed({ extra: 1 } as never), /unknown field "extra"/],
    ['what is no JSON', '{', /cannot be read/],
    ['one field twice', `{"Payload":1,${JSON.stringify(good).slice(1)}`, /cannot be read/],
    ['a body that is none', changed({ body: Buffer.from('[]').toString('base64') }), /not an object/],
  ])('does not count with %s', async (name, receipt, reason) => {
    const given = annotations(name === 'no receipt' ? '' : receipt);
    expect(await outcomeOf(given)).toMatch(reason);
  });

  test.each([
    ['none', '', /certificate cannot be read/],
    ['one that is none', 'x', /certificate cannot be read/],
    ['that of another key', pem('CERTIFICATE', sigstore.certify(ci).certificate), /of another signer/],
  ])('does not count with a certificate: %s', async (_, text, reason) => {
    expect(await outcomeOf(annotations(good, { [names.certificate]: text }))).toMatch(reason);
  });

  test('does not count for another payload', async () => {
    expect(await outcomeOf(annotations(), Buffer.from('another payload'))).toMatch(/digest mismatch/);
  });
});
