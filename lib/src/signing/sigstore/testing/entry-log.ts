import { createHash, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { json } from '@sigstore/core';
import { preAuthEncoding } from '../../dsse.ts';
import { pem } from '../../notation/authority.fixtures.ts';
import { MerkleTree } from './merkle-tree.ts';

/** A signature to be kept. */
export interface Logged {
  readonly signature: Buffer;
  /** DER of a certificate, or SubjectPublicKeyInfo */
  readonly signer: Buffer;
  readonly isKey?: boolean;
  /** of a DSSE envelope; absent: what is signed is a file */
  readonly envelope?: {
    readonly payloadType: string;
    readonly payload: Buffer;
    /** as it was handed in; absent: as cosign 3 writes it */
    readonly document?: Buffer;
  };
  /** SHA-256 of a file */
  readonly digest?: Buffer;
}

/** What a log writes, in whatever form a test wants it. */
export interface LogOptions {
  /** seconds since 1970 that the log says it took the entry */
  readonly integratedTime: number;
  /** of the first kind of log: without its promise */
  readonly promise?: boolean;
  readonly proof?: boolean;
}

/** A transparency log with a key of its own: of Rekor's first kind, which promises, or of its second, which proves. */
export class EntryLog {
  readonly version: 1 | 2;
  readonly host: string;
  readonly key: KeyObject;
  /** what it calls itself where it signs checkpoints */
  readonly machine: string;
  readonly #tree = new MerkleTree();

  constructor(version: 1 | 2, host: string, over: { key?: KeyObject; machine?: string } = {}) {
    this.version = version;
    this.host = host;
    this.machine = over.machine ?? host;
    this.key =
      over.key ??
      (version === 1
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
        : generateKeyPairSync('ed25519').privateKey);
    // A tree of one leaf has no proof that could be wrong.
    for (let leaf = 0; leaf < 5; leaf += 1) this.#tree.append(Buffer.from(`earlier entry ${leaf}`));
  }

  /** Of the first kind the hash of its key, of the second that of its name and key (C2SP signed-note). */
  get id(): Buffer {
    if (this.version === 1) return sha256(spkiOf(this.key));
    const raw = Buffer.from(this.key.export({ format: 'jwk' }).x ?? '', 'base64url');
    return sha256(Buffer.concat([Buffer.from(`${this.host}\n`), Buffer.of(1), raw]));
  }

  /** TransparencyLogInstance of a trusted root. */
  instance(validFor: object): object {
    return {
      baseUrl: `https://${this.host}`,
      hashAlgorithm: 'SHA2_256',
      publicKey: {
        rawBytes: spkiOf(this.key).toString('base64'),
        keyDetails: keyDetailsOf(this.key),
        validFor,
      },
      logId: { keyId: this.id.toString('base64') },
    };
  }

  /** Keeps a signature; its entry, TransparencyLogEntry in JSON. */
  append(logged: Logged, options: LogOptions): Record<string, unknown> {
    const { integratedTime, promise = this.version === 1, proof = true } = options;
    const body = this.version === 1 ? bodyOfFirst(logged) : bodyOfSecond(logged);
    const canonical = Buffer.from(json.canonicalize(body));
    const logIndex = this.#tree.append(canonical);
    const signed = {
      body: canonical.toString('base64'),
      integratedTime,
      logIndex,
      logID: this.id.toString('hex'),
    };
    return {
      logIndex: String(logIndex),
      logId: { keyId: this.id.toString('base64') },
      kindVersion: { kind: body.kind, version: body.apiVersion },
      ...(this.version === 1 && { integratedTime: String(integratedTime) }),
      ...(promise && {
        inclusionPromise: {
          signedEntryTimestamp: this.#sign(Buffer.from(json.canonicalize(signed))).toString('base64'),
        },
      }),
      ...(proof && {
        inclusionProof: {
          logIndex: String(logIndex),
          rootHash: this.#tree.root().toString('base64'),
          treeSize: String(this.#tree.size),
          hashes: this.#tree.proof(logIndex).map((hash) => hash.toString('base64')),
          checkpoint: { envelope: this.checkpoint() },
        },
      }),
      canonicalizedBody: canonical.toString('base64'),
    };
  }

  /** The log's state, signed (C2SP tlog-checkpoint). */
  checkpoint(): string {
    const origin = this.version === 1 ? `${this.machine} - 4711` : this.machine;
    const note = `${origin}\n${this.#tree.size}\n${this.#tree.root().toString('base64')}\n`;
    const line = Buffer.concat([this.id.subarray(0, 4), this.#sign(Buffer.from(note))]).toString('base64');
    return `${note}\n\u2014 ${this.machine} ${line}\n`;
  }

  /** Rekor hashes with SHA-256, whatever its key is. */
  #sign(bytes: Buffer): Buffer {
    return sign(this.key.asymmetricKeyType === 'ed25519' ? null : 'sha256', bytes, this.key);
  }
}

/** PublicKeyDetails of a trusted root. */
function keyDetailsOf(key: KeyObject): string {
  const { namedCurve = '', modulusLength } = key.asymmetricKeyDetails ?? {};
  if (modulusLength !== undefined) return `PKIX_RSA_PKCS1V15_${modulusLength}_SHA256`;
  const curves: Readonly<Record<string, string>> = {
    prime256v1: 'PKIX_ECDSA_P256_SHA_256',
    secp384r1: 'PKIX_ECDSA_P384_SHA_384',
    secp521r1: 'PKIX_ECDSA_P521_SHA_512',
  };
  return curves[namedCurve] ?? 'PKIX_ED25519';
}

interface Body {
  readonly kind: string;
  readonly apiVersion: string;
  readonly spec: object;
}

function bodyOfFirst({ signature, signer, isKey = false, envelope, digest }: Logged): Body {
  const verifier = Buffer.from(pem(isKey ? 'PUBLIC KEY' : 'CERTIFICATE', signer)).toString('base64');
  if (envelope === undefined) {
    return {
      kind: 'hashedrekord',
      apiVersion: '0.0.1',
      spec: {
        data: { hash: { algorithm: 'sha256', value: digest!.toString('hex') } },
        signature: { content: signature.toString('base64'), publicKey: { content: verifier } },
      },
    };
  }
  const document =
    envelope.document ??
    Buffer.from(
      JSON.stringify({
        payload: envelope.payload.toString('base64'),
        payloadType: envelope.payloadType,
        signatures: [{ sig: signature.toString('base64') }],
      }),
    );
  return {
    kind: 'dsse',
    apiVersion: '0.0.1',
    spec: {
      envelopeHash: { algorithm: 'sha256', value: sha256(document).toString('hex') },
      payloadHash: { algorithm: 'sha256', value: sha256(envelope.payload).toString('hex') },
      signatures: [{ signature: signature.toString('base64'), verifier }],
    },
  };
}

function bodyOfSecond({ signature, signer, isKey = false, envelope, digest }: Logged): Body {
  const signed =
    envelope === undefined ? digest! : sha256(preAuthEncoding(envelope.payloadType, envelope.payload));
  const rawBytes = signer.toString('base64');
  return {
    kind: 'hashedrekord',
    apiVersion: '0.0.2',
    spec: {
      hashedRekordV002: {
        data: { algorithm: 'SHA2_256', digest: signed.toString('base64') },
        signature: {
          content: signature.toString('base64'),
          verifier: {
            keyDetails: 'PKIX_ECDSA_P256_SHA_256',
            ...(isKey ? { publicKey: { rawBytes } } : { x509Certificate: { rawBytes } }),
          },
        },
      },
    },
  };
}

export function spkiOf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' });
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
