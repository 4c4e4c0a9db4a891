import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { preAuthEncoding } from '../../dsse.ts';
import { ContentInfo } from 'pkijs';
import { Integer, Sequence } from 'asn1js';
import { issue, oids, stamp, type Issued, type StampRequest } from '../../notation/authority.fixtures.ts';
import { parsePrivateKey, type SigningKey } from '../../private-keys.ts';
import type { KeylessMeans } from '../sign-keyless.ts';
import { SigningAuthority, type SignerRequest } from './certificate-authority.ts';
import { EntryLog } from './entry-log.ts';

const hour = 3_600_000;

/** Who signs, by the token that the authority was shown. */
export interface Person {
  readonly subject: string;
  readonly issuer: string;
}

/** An instance of Sigstore with real keys: certificate authority, its log, logs of both kinds, timestamp authority. */
export class LocalSigstore {
  readonly now: Date;
  readonly authority: SigningAuthority;
  readonly log = new EntryLog(1, 'rekor.local');
  readonly secondLog = new EntryLog(2, 'log2.local');
  readonly timestampRoot: Issued;
  readonly timestampSigner: Issued;

  /** @param now when everything happens, to the second */
  constructor(now = new Date()) {
    this.now = new Date(Math.floor(now.getTime() / 1000) * 1000);
    const [notBefore, notAfter] = [this.#after(-24 * hour), this.#after(24 * hour)];
    this.authority = new SigningAuthority(notBefore, notAfter);
    this.timestampRoot = issue({ subject: [['CN', 'Time Root']], ca: true, notBefore, notAfter });
    this.timestampSigner = issue({
      subject: [['CN', 'Time']],
      issuer: this.timestampRoot,
      purposes: [oids.timeStamping],
      purposesCritical: true,
      notBefore,
      notAfter,
    });
  }

  #after(milliseconds: number): Date {
    return new Date(this.now.getTime() + milliseconds);
  }

  /** trusted_root.json; `change` takes the document and gives another. */
  trustedRoot(change: (root: Record<string, unknown>) => object = (root) => root): string {
    const validFor = { start: this.#after(-24 * hour).toISOString() };
    const chain = (certificates: readonly Buffer[]) => ({
      certificates: certificates.map((der) => ({ rawBytes: der.toString('base64') })),
    });
    return JSON.stringify(
      change({
        mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
        tlogs: [this.log.instance(validFor), this.secondLog.instance(validFor)],
        certificateAuthorities: [
          {
            subject: { organization: 'Local', commonName: 'Issuer' },
            uri: 'https://fulcio.local',
            certChain: chain(this.authority.issuer.chain),
            validFor,
          },
        ],
        ctlogs: [this.authority.certificateLog(validFor)],
        timestampAuthorities: [
          {
            subject: { organization: 'Local', commonName: 'Time' },
            uri: 'https://tsa.local',
            certChain: chain(this.timestampSigner.chain),
            validFor,
          },
        ],
      }),
    );
  }

  /** A key that nobody keeps, and its certificate, which holds for ten minutes. */
  certify(person: Person, over: Partial<SignerRequest> = {}): { key: SigningKey; certificate: Buffer } {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = parsePrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }), undefined);
    const certificate = this.authority.certify({
      ...person,
      key: key.publicPem,
      ...this.validity(),
      ...over,
    });
    return { key, certificate };
  }

  /** What `signImageKeyless` takes. */
  means(person: Person, over: MeansOptions = {}): KeylessMeans {
    const { key, certificate } = this.certify(person, over.certificate);
    const { log = this.log, at = this.now, stamped = log.version === 2 } = over;
    return {
      key,
      certificate,
      log: async ({ envelope, certificate: signer }) => {
        const { payload, payloadType, signatures } = envelope as EnvelopeJson;
        return log.append(
          {
            signature: Buffer.from(signatures[0].sig, 'base64'),
            signer,
            envelope: { payloadType, payload: Buffer.from(payload, 'base64') },
          },
          { integratedTime: Math.floor(at.getTime() / 1000) },
        );
      },
      ...(stamped && { timestamp: async (signature: Buffer) => this.stamp(signature, { at }) }),
    };
  }

  /** A time-stamp response (RFC 3161), with the authority's certificates. */
  stamp(bytes: Buffer, over: Partial<StampRequest> = {}): Buffer {
    const made = stamp(bytes, { authority: this.timestampSigner, at: this.now, ...over });
    const token = ContentInfo.fromBER(new Uint8Array(made).buffer);
    const granted = new Sequence({ value: [new Integer({ value: 0 })] });
    return Buffer.from(new Sequence({ value: [granted, token.toSchema()] }).toBER());
  }

  /** Ten minutes around now: how long certificates of signers hold. */
  validity(): { readonly notBefore: Date; readonly notAfter: Date } {
    return { notBefore: this.#after(-60_000), notAfter: this.#after(540_000) };
  }
}

export interface MeansOptions {
  readonly certificate?: Partial<SignerRequest>;
  readonly log?: EntryLog;
  /** when log and timestamp authority are asked */
  readonly at?: Date;
  readonly stamped?: boolean;
}

interface EnvelopeJson {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly [{ readonly sig: string }];
}

/** A bundle as JSON data, for tests to take apart. */
export interface BundleJson {
  mediaType: string;
  verificationMaterial: {
    certificate?: { rawBytes: string };
    x509CertificateChain?: { certificates: { rawBytes: string }[] };
    tlogEntries: Record<string, unknown>[];
    timestampVerificationData?: { rfc3161Timestamps: { signedTimestamp: string }[] };
  };
  messageSignature?: { messageDigest?: { algorithm: string; digest: string }; signature: string };
  dsseEnvelope?: { payload: string; payloadType: string; signatures: { sig: string }[] };
}

/** Signs a file, or a statement where one is given, without a key. */
export function signFile(
  sigstore: LocalSigstore,
  file: Buffer,
  person: Person,
  options: MeansOptions & { readonly statement?: object; readonly promise?: boolean } = {},
): BundleJson {
  const { key, certificate } = sigstore.certify(person, options.certificate);
  const { log = sigstore.log, at = sigstore.now, stamped = log.version === 2, statement } = options;
  const payloadType = 'application/vnd.in-toto+json';
  const payload = Buffer.from(JSON.stringify(statement ?? null));
  const signature = sign(
    'sha256',
    statement === undefined ? file : preAuthEncoding(payloadType, payload),
    key.key,
  );
  const digest = createHash('sha256').update(file).digest();
  const what = statement === undefined ? { digest } : { envelope: { payloadType, payload } };
  const entry = log.append(
    { signature, signer: certificate, ...what },
    { integratedTime: Math.floor(at.getTime() / 1000), promise: options.promise ?? log.version === 1 },
  );
  const sig = signature.toString('base64');
  return {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      certificate: { rawBytes: certificate.toString('base64') },
      tlogEntries: [entry],
      ...(stamped && {
        timestampVerificationData: {
          rfc3161Timestamps: [{ signedTimestamp: sigstore.stamp(signature, { at }).toString('base64') }],
        },
      }),
    },
    ...(statement === undefined
      ? {
          messageSignature: {
            messageDigest: { algorithm: 'SHA2_256', digest: digest.toString('base64') },
            signature: sig,
          },
        }
      : { dsseEnvelope: { payload: payload.toString('base64'), payloadType, signatures: [{ sig }] } }),
  };
}
