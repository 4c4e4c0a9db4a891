import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import type { EvidenceReport, EvidenceSource } from './evidence.ts';
import { trustOfKeys } from './trusted-signers.ts';
import { verifyEvidence } from './verify-evidence.ts';

const layerType = 'application/vnd.dev.cosign.simplesigning.v1+json';
const signatureName = 'dev.cosignproject.cosign/signature';
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const trusted = [{ name: 'ops', pem: publicKey.export({ type: 'spki', format: 'pem' }) }];
const image = digestOf('an image');
const elsewhere = digestOf('another image');

function payloadOf(digest: string = image): string {
  return JSON.stringify({
    critical: {
      identity: { 'docker-reference': 'registry.test/app' },
      image: { 'docker-manifest-digest': digest },
      type: 'cosign container image signature',
    },
    optional: null,
  });
}

interface Layer {
  readonly payload?: string;
  readonly signer?: typeof privateKey;
  readonly mediaType?: string;
  readonly annotations?: Record<string, string>;
  /** what lies in the registry under the payload's digest */
  readonly stored?: Buffer;
}

/** Verifies an image whose `.sig` tag points to a manifest of these layers. */
async function verify(layers: readonly Layer[]): Promise<EvidenceReport> {
  const blobs = new Map<string, Uint8Array>();
  const descriptors = layers.map((layer): Descriptor => {
    const bytes = Buffer.from(layer.payload ?? payloadOf());
    const digest = digestOf(bytes);
    blobs.set(digest, layer.stored ?? bytes);
    const signature = sign('sha256', bytes, layer.signer ?? privateKey).toString('base64');
    const annotations = layer.annotations ?? { [signatureName]: signature };
    return { mediaType: layer.mediaType ?? layerType, digest, size: bytes.length, annotations };
  });
  const config = { mediaType: mediaTypes.ociConfig, digest: digestOf('{}'), size: 2 };
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers: descriptors }));
  const source: EvidenceSource = {
    manifest: async (reference) =>
      reference === `sha256-${image.slice(7)}.sig`
        ? { digest: digestOf(bytes), mediaType: mediaTypes.ociManifest, bytes }
        : undefined,
    referrers: async () => [],
    blob: async ({ digest }) => blobs.get(digest),
  };
  return verifyEvidence({ digest: image }, source, trustOfKeys(trusted), new Date('2026-11-22T03:00:00Z'));
}

describe('a signature as cosign 2 writes it', () => {
  it('counts, beside one of somebody else', async () => {
    const { valid, refused } = await verify([{ signer: foreign }, {}]);
    expect(valid).toMatchObject([{ format: 'cosign-v2', key: 'ops' }]);
    expect(refused.map(({ reason }) => reason)).toEqual(['no trusted key signed it']);
  });

  it('counts in the spelling of the specification', async () => {
    const payload = payloadOf().replace('docker-manifest-digest', 'Docker-manifest-digest');
    expect((await verify([{ payload }])).valid).toHaveLength(1);
  });

  const twice = `{"docker-manifest-digest":"${image}","Docker-manifest-digest":"${elsewhere}"}`;
  const refused: ReadonlyArray<readonly [name: string, layers: readonly Layer[], reason: RegExp]> = [
    ['by another key', [{ signer: foreign }], /no trusted key signed it/],
    ['under a moved tag', [{ payload: payloadOf(elsewhere) }], /ops signed another image, sha256:/],
    ['with nothing in it', [], /it carries no signature/],
    ['whose annotation was taken away', [{ annotations: {} }], /the payload carries no signature/],
    ['that is no base64', [{ annotations: { [signatureName]: '!' } }], /not valid base64/],
    [
      'with a certificate',
      [{ annotations: { [signatureName]: 'AAAA', 'dev.sigstore.cosign/certificate': 'x' } }],
      /its certificate cannot be read/,
    ],
    [
      'whose payload was changed',
      [{ stored: Buffer.from(payloadOf(elsewhere)) }],
      /digest of its descriptor/,
    ],
    ['whose payload is larger than said', [{ stored: Buffer.alloc(999) }], /size of its descriptor/],
    [
      'that is an attestation',
      [{ mediaType: 'application/vnd.dsse.envelope.v1+json' }],
      /the envelope cannot be read|the envelope/,
    ],
    ['that is an image layer', [{ mediaType: mediaTypes.ociLayerGzip }], /no signed document of cosign-v2/],
    [
      'with one key twice',
      [
        {
          payload: payloadOf().replace('{"docker-manifest', `{"docker-manifest-digest":"x","docker-manifest`),
        },
      ],
      /stands twice/,
    ],
    [
      'with both spellings',
      [{ payload: payloadOf().replace(`{"docker-manifest-digest":"${image}"}`, twice) }],
      /names 2 image digests/,
    ],
    [
      'with a third spelling',
      [{ payload: payloadOf().replace('docker-manifest', 'DOCKER-manifest') }],
      /unknown field "DOCKER-manifest-digest"/,
    ],
    [
      'with an unknown field',
      [{ payload: payloadOf().replace('"optional"', '"Critical"') }],
      /unknown field/,
    ],
    [
      'of another type',
      [{ payload: payloadOf().replace('cosign container', 'atomic container') }],
      /not of the type/,
    ],
    ['without digest', [{ payload: payloadOf('sha256:12') }], /no sha256 or sha512 digest/],
  ];

  it.each(refused)('%s is refused', async (_, layers, reason) => {
    const report = await verify(layers);
    expect([...report.valid, ...report.statements]).toEqual([]);
    const refused = [...report.refused, ...report.refusedStatements];
    expect(refused).toHaveLength(1);
    expect(refused[0]!.reason).toMatch(reason);
  });
});
