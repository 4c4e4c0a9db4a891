import { generateKeyPairSync, sign } from 'node:crypto';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf, isDigest, type Digest } from '../oci/digest.ts';
import { effectiveArtifactType, parseManifest } from '../oci/manifest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { preAuthEncoding } from './dsse.ts';
import type { EvidenceSource } from './evidence.ts';
import { parsePrivateKey, type SigningKey } from './private-keys.ts';

export const bundleType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const signPredicate = 'https://sigstore.dev/cosign/sign/v1';

/** A repository in memory. `bytes` may be changed under a digest, as a hostile registry would. */
export class Repository implements EvidenceSource {
  readonly bytes = new Map<string, Uint8Array>();
  readonly tags = new Map<string, Digest>();
  readonly listed: Descriptor[] = [];

  put(document: object | string | Buffer, mediaType: string, extra: Partial<Descriptor> = {}): Descriptor {
    const isText = typeof document === 'string' || Buffer.isBuffer(document);
    const bytes = Buffer.from(isText ? document : JSON.stringify(document));
    const digest = digestOf(bytes);
    this.bytes.set(digest, bytes);
    return { mediaType, digest, size: bytes.length, ...extra };
  }

  refer(document: object): Descriptor {
    const stored = this.put(document, mediaTypes.ociManifest);
    const manifest = parseManifest(this.bytes.get(stored.digest)!, stored.mediaType);
    const artifactType = effectiveArtifactType(manifest);
    const descriptor = { ...stored, ...(artifactType === undefined ? {} : { artifactType }) };
    this.listed.push(descriptor);
    return descriptor;
  }

  async manifest(reference: string) {
    const digest = this.tags.get(reference) ?? (isDigest(reference) ? reference : undefined);
    if (digest === undefined) return undefined;
    const bytes = this.bytes.get(digest);
    return bytes && { digest, mediaType: mediaTypes.ociManifest, bytes };
  }

  async referrers() {
    return this.listed;
  }

  async blob(descriptor: Descriptor) {
    return this.bytes.get(descriptor.digest);
  }
}

export function newKey(type: 'p256' | 'p384' | 'p521' | 'ed25519' | 'rsa' = 'p256'): SigningKey {
  const pair =
    type === 'ed25519'
      ? generateKeyPairSync('ed25519')
      : type === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ec', { namedCurve: type.replace('p', 'P-') });
  return parsePrivateKey(pair.privateKey.export({ format: 'pem', type: 'pkcs8' }), undefined);
}

export const key = newKey();
export const image: Descriptor = {
  mediaType: mediaTypes.ociManifest,
  digest: digestOf('an image'),
  size: 8,
};

export interface Forgery {
  signer?: SigningKey;
  hintOf?: SigningKey;
  statement?: object | string;
  payloadType?: string;
  material?: object;
  /** of a timestamp authority, over the signature */
  stamp?: (signature: Buffer) => Buffer;
  envelope?: object;
  bundle?: (text: string) => string;
  manifest?: object;
}

export function statement(over: object = {}): object {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ digest: { sha256: image.digest.slice(7) } }],
    predicateType: signPredicate,
    predicate: {},
    ...over,
  };
}

/** A cosign 3 signature that is right except in what is given. */
export function attach(repository: Repository, forgery: Forgery = {}): Descriptor {
  const { signer = key, hintOf = signer, payloadType = 'application/vnd.in-toto+json' } = forgery;
  const stated = forgery.statement ?? statement();
  const payload = Buffer.from(typeof stated === 'string' ? stated : JSON.stringify(stated));
  const signature = sign('sha256', preAuthEncoding(payloadType, payload), signer.key);
  const stamped = forgery.stamp && {
    timestampVerificationData: {
      rfc3161Timestamps: [{ signedTimestamp: forgery.stamp(signature).toString('base64') }],
    },
  };
  const text = JSON.stringify({
    mediaType: bundleType,
    verificationMaterial: forgery.material ?? {
      publicKey: { hint: Buffer.from(hintOf.id, 'hex').toString('base64') },
      ...stamped,
    },
    dsseEnvelope: {
      payload: payload.toString('base64'),
      payloadType,
      signatures: [{ sig: signature.toString('base64') }],
      ...forgery.envelope,
    },
  });
  const layer = repository.put(forgery.bundle?.(text) ?? text, bundleType);
  return repository.refer({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType: bundleType,
    config: repository.put('{}', mediaTypes.ociEmpty),
    layers: [layer],
    subject: image,
    ...forgery.manifest,
  });
}
