import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  type KeyObject,
} from 'node:crypto';
import type { PrintableString } from 'asn1js';
import {
  BitString,
  Enumerated,
  GeneralizedTime,
  Integer,
  Null,
  ObjectIdentifier,
  OctetString,
  Sequence,
  Set as Asn1Set,
  Utf8String,
} from 'asn1js';
import {
  AlgorithmIdentifier,
  Attribute,
  AttributeTypeAndValue,
  BasicConstraints,
  Certificate,
  CertificateRevocationList,
  ContentInfo,
  EncapsulatedContentInfo,
  ExtKeyUsage,
  Extension,
  Extensions,
  IssuerAndSerialNumber,
  MessageImprint,
  PublicKeyInfo,
  RelativeDistinguishedNames,
  RevokedCertificate,
  SignedAndUnsignedAttributes,
  SignedData,
  SignerInfo,
  Time,
  TSTInfo,
} from 'pkijs';

/** Kinds of keys that the Notary Project has algorithms for. */
export const keyKinds = ['rsa2048', 'rsa3072', 'rsa4096', 'p256', 'p384', 'p521'] as const;
export type KeyKind = (typeof keyKinds)[number];

/** A certificate, its key, and the certificates above it. */
export interface Issued {
  readonly der: Buffer;
  readonly pem: string;
  readonly key: KeyObject;
  /** PKCS #8 */
  readonly keyPem: string;
  /** DER, from this one to the root */
  readonly chain: readonly Buffer[];
  /** the same in PEM */
  readonly chainPem: string;
  readonly parsed: Certificate;
}

export const oids = {
  codeSigning: '1.3.6.1.5.5.7.3.3',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  serverAuth: '1.3.6.1.5.5.7.3.1',
} as const;

const attributeTypes: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  O: '2.5.4.10',
  OU: '2.5.4.11',
};

/** What a certificate is made of, all of it wrong if a test wants that. */
export interface Request {
  /** attributes in order; the value may be of a type of its own */
  readonly subject: ReadonlyArray<readonly [type: string, value: string | Utf8String | PrintableString]>;
  /** one relative name of all attributes, not one of each */
  readonly multiValued?: boolean;
  /** absent: self-signed */
  readonly issuer?: Issued;
  readonly key?: KeyObject;
  readonly kind?: KeyKind;
  readonly ca?: boolean;
  readonly pathLength?: number;
  /** bits of the key usage, in one byte; absent: what the certificate is for; false: no such extension */
  readonly usage?: number | false;
  readonly usageCritical?: boolean;
  readonly constraintsCritical?: boolean;
  readonly purposes?: readonly string[];
  readonly purposesCritical?: boolean;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly more?: readonly Extension[];
}

export const usageBits = {
  digitalSignature: 0x80,
  keyEncipherment: 0x20,
  certSign: 0x04,
  crlSign: 0x02,
} as const;

/** A key of one kind. */
export function newKey(kind: KeyKind): KeyObject {
  return kind.startsWith('rsa')
    ? generateKeyPairSync('rsa', { modulusLength: Number(kind.slice(3)) }).privateKey
    : generateKeyPairSync('ec', { namedCurve: `P-${kind.slice(1)}` }).privateKey;
}

/** Issues a certificate. */
export function issue(request: Request): Issued {
  const key = request.key ?? newKey(request.kind ?? 'p256');
  const ca = request.ca ?? false;
  const certificate = new Certificate();
  certificate.version = 2;
  certificate.serialNumber = new Integer({
    valueHex: view(Buffer.concat([Buffer.of(0x10), randomBytes(8)])),
  });
  certificate.subject = nameOf(request);
  certificate.issuer = request.issuer?.parsed.subject ?? certificate.subject;
  certificate.notBefore = new Time({ value: request.notBefore ?? new Date(Date.now() - 3_600_000) });
  certificate.notAfter = new Time({ value: request.notAfter ?? new Date(Date.now() + 86_400_000) });
  certificate.subjectPublicKeyInfo = PublicKeyInfo.fromBER(
    view(createPublicKey(key).export({ type: 'spki', format: 'der' })),
  );
  const usage = request.usage ?? (ca ? usageBits.certSign | usageBits.crlSign : usageBits.digitalSignature);
  const extensions: Extension[] = [];
  if (ca || request.pathLength !== undefined) {
    const constraints = new BasicConstraints({
      cA: ca,
      ...(request.pathLength === undefined ? {} : { pathLenConstraint: request.pathLength }),
    });
    extensions.push(extension('2.5.29.19', request.constraintsCritical ?? true, constraints.toSchema()));
  }
  if (usage !== false) {
    const bits = new BitString({ valueHex: view(Buffer.of(usage)) });
    extensions.push(extension('2.5.29.15', request.usageCritical ?? true, bits));
  }
  const purposes = request.purposes ?? (ca ? [] : [oids.codeSigning]);
  if (purposes.length > 0) {
    const uses = new ExtKeyUsage({ keyPurposes: [...purposes] });
    extensions.push(extension('2.5.29.37', request.purposesCritical ?? false, uses.toSchema()));
  }
  certificate.extensions = [...extensions, ...(request.more ?? [])];
  const signer = request.issuer?.key ?? key;
  certificate.signature = signatureAlgorithm(signer);
  certificate.signatureAlgorithm = certificate.signature;
  const body = Buffer.from(certificate.encodeTBS().toBER());
  certificate.tbsView = new Uint8Array(view(body));
  certificate.signatureValue = new BitString({ valueHex: view(sign('sha256', body, signer)) });
  return issued(Buffer.from(certificate.toSchema(true).toBER()), key, request.issuer?.chain ?? []);
}

function issued(der: Buffer, key: KeyObject, above: readonly Buffer[]): Issued {
  const chain = [der, ...above];
  return {
    der,
    pem: pem('CERTIFICATE', der),
    key,
    keyPem: key.export({ type: 'pkcs8', format: 'pem' }),
    chain,
    chainPem: chain.map((one) => pem('CERTIFICATE', one)).join(''),
    parsed: Certificate.fromBER(view(der)),
  };
}

function nameOf({ subject, multiValued = false }: Request): RelativeDistinguishedNames {
  const attributes = subject.map(
    ([type, value]) =>
      new AttributeTypeAndValue({
        type: attributeTypes[type] ?? type,
        value: (typeof value === 'string' ? new Utf8String({ value }) : value) as never,
      }),
  );
  const name = new RelativeDistinguishedNames();
  if (multiValued) {
    name.typesAndValues = attributes;
    return name;
  }
  // pkijs makes one relative name of all attributes
  const relative = attributes.map((one) => new Asn1Set({ value: [one.toSchema()] }));
  return RelativeDistinguishedNames.fromBER(new Sequence({ value: relative }).toBER());
}

/** An extension with this value. */
export function extension(extnID: string, critical: boolean, value: { toBER(): ArrayBuffer }): Extension {
  return new Extension({ extnID, critical, extnValue: value.toBER() });
}

/** PEM of one block. */
export function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** What a revocation list is made of. */
export interface ListRequest {
  readonly issuer: Issued;
  readonly revoked?: ReadonlyArray<{ readonly parsed: Pick<Certificate, 'serialNumber'> }>;
  readonly invalidSince?: Date;
  readonly thisUpdate?: Date;
  readonly nextUpdate?: Date;
  /** who signs in the issuer's name; absent: the issuer */
  readonly signer?: KeyObject;
  readonly extensions?: readonly Extension[];
}

/** A certificate revocation list in PEM. */
export function revocationList(request: ListRequest): string {
  const list = new CertificateRevocationList();
  list.version = 1;
  list.issuer = request.issuer.parsed.subject;
  list.thisUpdate = new Time({ value: request.thisUpdate ?? new Date(Date.now() - 3_600_000) });
  list.nextUpdate = new Time({ value: request.nextUpdate ?? new Date(Date.now() + 3_600_000) });
  const entries = (request.revoked ?? []).map(
    ({ parsed }) =>
      new RevokedCertificate({
        userCertificate: parsed.serialNumber,
        revocationDate: new Time({ value: new Date(Date.now() - 60_000) }),
        crlEntryExtensions: new Extensions({
          extensions: [
            extension('2.5.29.21', false, new Enumerated({ value: 1 })),
            ...(request.invalidSince === undefined
              ? []
              : [extension('2.5.29.24', false, new GeneralizedTime({ valueDate: request.invalidSince }))]),
          ],
        }),
      }),
  );
  if (entries.length > 0) list.revokedCertificates = entries;
  if (request.extensions !== undefined)
    list.crlExtensions = new Extensions({ extensions: [...request.extensions] });
  const signer = request.signer ?? request.issuer.key;
  list.signature = signatureAlgorithm(signer);
  list.signatureAlgorithm = list.signature;
  // not for the public, but there is no other way to sign without its own engine
  const body = Buffer.from((list as unknown as { encodeTBS(): Sequence }).encodeTBS().toBER());
  list.tbsView = new Uint8Array(view(body));
  list.signatureValue = new BitString({ valueHex: view(sign('sha256', body, signer)) });
  return pem('X509 CRL', Buffer.from(list.toSchema(true).toBER()));
}

/** What a timestamp token is made of. */
export interface StampRequest {
  readonly authority: Issued;
  readonly at: Date;
  readonly accuracySeconds?: number;
  /** what the token says that it carries in place of the true digest */
  readonly imprint?: Buffer;
  /** what a request asked to be repeated */
  readonly nonce?: Integer;
}

/** An RFC 3161 timestamp token over some bytes. */
export function stamp(bytes: Uint8Array, request: StampRequest): Buffer {
  const { authority } = request;
  const info = new TSTInfo({
    version: 1,
    policy: '1.2.3.4',
    messageImprint: new MessageImprint({
      hashAlgorithm: sha256Identifier(),
      hashedMessage: new OctetString({ valueHex: view(request.imprint ?? sha256(bytes)) }),
    }),
    serialNumber: new Integer({ value: 7 }),
    genTime: request.at,
    ...(request.nonce === undefined ? {} : { nonce: request.nonce }),
  });
  const schema = info.toSchema();
  if (request.accuracySeconds !== undefined) {
    // pkijs leaves the accuracy out that it is given
    schema.valueBlock.value.splice(
      5,
      0,
      new Sequence({ value: [new Integer({ value: request.accuracySeconds })] }),
    );
  }
  const content = Buffer.from(schema.toBER());
  const reference = new Sequence({
    value: [
      new Sequence({
        value: [new Sequence({ value: [new OctetString({ valueHex: view(sha256(authority.der)) })] })],
      }),
    ],
  });
  const signedAttrs = new SignedAndUnsignedAttributes({
    type: 0,
    attributes: [
      attribute('1.2.840.113549.1.9.3', new ObjectIdentifier({ value: '1.2.840.113549.1.9.16.1.4' })),
      attribute('1.2.840.113549.1.9.4', new OctetString({ valueHex: view(sha256(content)) })),
      attribute('1.2.840.113549.1.9.16.2.47', reference),
    ],
  });
  const toSign = Buffer.from(signedAttrs.toSchema().toBER());
  toSign[0] = 0x31;
  // Given to its constructor, the content would be cut into a sequence of strings, which is not DER.
  const encapContentInfo = new EncapsulatedContentInfo({ eContentType: '1.2.840.113549.1.9.16.1.4' });
  encapContentInfo.eContent = new OctetString({ valueHex: view(content) });
  const data = new SignedData({
    version: 3,
    digestAlgorithms: [sha256Identifier()],
    encapContentInfo,
    certificates: authority.chain.map((der) => Certificate.fromBER(view(der))),
    signerInfos: [
      new SignerInfo({
        version: 1,
        sid: new IssuerAndSerialNumber({
          issuer: authority.parsed.issuer,
          serialNumber: authority.parsed.serialNumber,
        }),
        digestAlgorithm: sha256Identifier(),
        signedAttrs,
        signatureAlgorithm: signatureAlgorithm(authority.key),
        signature: new OctetString({ valueHex: view(sign('sha256', toSign, authority.key)) }),
      }),
    ],
  });
  const wrapped = new ContentInfo({ contentType: '1.2.840.113549.1.7.2', content: data.toSchema(true) });
  return Buffer.from(wrapped.toSchema().toBER());
}

function attribute(type: string, value: unknown): Attribute {
  return new Attribute({ type, values: [value] });
}

function sha256Identifier(): AlgorithmIdentifier {
  return new AlgorithmIdentifier({ algorithmId: '2.16.840.1.101.3.4.2.1', algorithmParams: new Null() });
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** Certificates, lists and tokens are signed with SHA-256, whatever the key. */
function signatureAlgorithm(key: KeyObject): AlgorithmIdentifier {
  return key.asymmetricKeyType === 'rsa'
    ? new AlgorithmIdentifier({ algorithmId: '1.2.840.113549.1.1.11', algorithmParams: new Null() })
    : new AlgorithmIdentifier({ algorithmId: '1.2.840.10045.4.3.2' });
}

function view(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
