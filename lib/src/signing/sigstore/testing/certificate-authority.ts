import { createHash, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { BitString, OctetString, Primitive, Sequence, Utf8String } from 'asn1js';
import { Certificate, PublicKeyInfo, type Extension } from 'pkijs';
import { extension, issue, oids, usageBits, type Issued } from '../../notation/authority.fixtures.ts';
import { spkiOf } from './entry-log.ts';

/** What a certificate says, right except where a test wants it otherwise. */
export interface SignerRequest {
  /** public, in PEM */
  readonly key: string;
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** false: the log of certificates gives no receipt */
  readonly receipt?: boolean;
  readonly purposes?: readonly string[];
  readonly ca?: boolean;
  readonly more?: readonly Extension[];
  /** further subjects */
  readonly also?: readonly string[];
}

/** A certificate authority like Fulcio, and the log of what it issues. */
export class SigningAuthority {
  readonly root: Issued;
  readonly issuer: Issued;
  readonly logKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

  constructor(notBefore: Date, notAfter: Date) {
    const validity = { notBefore, notAfter, ca: true };
    const name = (text: string) => ({
      subject: [
        ['O', 'Local'],
        ['CN', text],
      ] as const,
    });
    this.root = issue({ ...name('Root'), ...validity });
    this.issuer = issue({
      ...name('Issuer'),
      ...validity,
      issuer: this.root,
      pathLength: 0,
      purposes: [oids.codeSigning],
    });
  }

  /** TransparencyLogInstance of a trusted root. */
  certificateLog(validFor: object): object {
    return {
      baseUrl: 'https://ct.local',
      hashAlgorithm: 'SHA2_256',
      publicKey: {
        rawBytes: spkiOf(this.logKey).toString('base64'),
        keyDetails: 'PKIX_ECDSA_P256_SHA_256',
        validFor,
      },
      logId: { keyId: sha256(spkiOf(this.logKey)).toString('base64') },
    };
  }

  /** Issues the certificate of a signer, DER. */
  certify(request: SignerRequest): Buffer {
    const { subject, issuer, also = [], receipt = true } = request;
    const { der } = issue({
      subject: [],
      issuer: this.issuer,
      notBefore: request.notBefore,
      notAfter: request.notAfter,
      ca: request.ca ?? false,
      usage: usageBits.digitalSignature,
      purposes: request.purposes ?? [oids.codeSigning],
      more: [
        extension('2.5.29.17', true, generalNames([subject, ...also])),
        extension('1.3.6.1.4.1.57264.1.1', false, { toBER: () => view(Buffer.from(issuer)) }),
        extension('1.3.6.1.4.1.57264.1.8', false, new Utf8String({ value: issuer })),
        ...(request.more ?? []),
      ],
    });
    const certificate = Certificate.fromBER(view(der));
    const spki = createPublicKey(request.key).export({ type: 'spki', format: 'der' });
    certificate.subjectPublicKeyInfo = PublicKeyInfo.fromBER(view(spki));
    if (receipt) this.#addReceipt(certificate);
    this.#sign(certificate);
    return Buffer.from(certificate.toSchema(true).toBER());
  }

  /** Embeds the log's receipt (RFC 6962, sections 3.2 and 3.3): over the certificate without it. */
  #addReceipt(certificate: Certificate): void {
    const body = Buffer.from(certificate.encodeTBS().toBER());
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(BigInt(certificate.notBefore.value.getTime()));
    const noExtensions = Buffer.of(0, 0);
    const signed = Buffer.concat([
      Buffer.of(0, 0),
      time,
      Buffer.of(0, 1),
      sha256(spkiOf(this.issuer.key)),
      sized(body, 3),
      noExtensions,
    ]);
    const receipt = Buffer.concat([
      Buffer.of(0),
      sha256(spkiOf(this.logKey)),
      time,
      noExtensions,
      Buffer.of(4, 3),
      sized(sign('sha256', signed, this.logKey), 2),
    ]);
    const list = new OctetString({ valueHex: view(sized(sized(receipt, 2), 2)) });
    certificate.extensions = [
      ...(certificate.extensions ?? []),
      extension('1.3.6.1.4.1.11129.2.4.2', false, list),
    ];
  }

  #sign(certificate: Certificate): void {
    const body = Buffer.from(certificate.encodeTBS().toBER());
    certificate.tbsView = new Uint8Array(view(body));
    certificate.signatureValue = new BitString({ valueHex: view(sign('sha256', body, this.issuer.key)) });
  }
}

/** E-mail addresses and URIs (RFC 5280, section 4.2.1.6). */
function generalNames(names: readonly string[]): Sequence {
  return new Sequence({
    value: names.map(
      (name) =>
        new Primitive({
          idBlock: { tagClass: 3, tagNumber: name.includes('://') ? 6 : 1 },
          valueHex: view(Buffer.from(name, 'latin1')),
        }),
    ),
  });
}

/** With its length before it, in so many bytes. */
function sized(bytes: Buffer, width: number): Buffer {
  const length = Buffer.alloc(width);
  length.writeUIntBE(bytes.length, 0, width);
  return Buffer.concat([length, bytes]);
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function view(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
