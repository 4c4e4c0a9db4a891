import { createHash, randomBytes, webcrypto } from 'node:crypto';
import { isIP, SocketAddress } from 'node:net';
import * as asn1js from 'asn1js';
import {
  AltName,
  AttributeTypeAndValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  Extension,
  ExtKeyUsage,
  GeneralName,
} from 'pkijs';
import { WharfingerError } from '@wharfinger/lib/errors';

/** Certificates for the webhook, PEM: that of the authority goes into the webhook configurations as caBundle. */
export interface WebhookCertificates {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

const curve = { name: 'ECDSA', namedCurve: 'P-256' };

/** RFC 5280, 4.2.1.3: bits of keyUsage, counted from the left. */
const keyUsage = { digitalSignature: 0x80, keyCertSign: 0x04 };

const oids = {
  commonName: '2.5.4.3',
  basicConstraints: '2.5.29.19',
  subjectKeyIdentifier: '2.5.29.14',
  authorityKeyIdentifier: '2.5.29.35',
  keyUsage: '2.5.29.15',
  extKeyUsage: '2.5.29.37',
  subjectAltName: '2.5.29.17',
  serverAuth: '1.3.6.1.5.5.7.3.1',
};

/** Clocks differ: certificates hold a little before they were made. */
const backdate = 5 * 60_000;

/**
 * Makes an authority and a certificate of it for these hosts. The authority's key is forgotten at once: it can sign nothing else,
 * and to renew is to make both again.
 *
 * @param hosts DNS names and IP addresses by which the API server reaches the webhook
 * @param days that they hold
 * @throws WharfingerError USAGE where a host is neither
 */
export async function makeWebhookCertificates(
  hosts: readonly string[],
  days: number,
  now: Date,
): Promise<WebhookCertificates> {
  const names = hosts.map(generalName);
  const [authorityKeys, keys] = await Promise.all([newKeys(), newKeys()]);
  const authorityId = await identifierOf(authorityKeys.publicKey);
  const authority = newCertificate(
    'Wharfinger admission authority',
    'Wharfinger admission authority',
    days,
    now,
  );
  authority.extensions = [
    extension(oids.basicConstraints, new BasicConstraints({ cA: true, pathLenConstraint: 0 }), true),
    usage(keyUsage.keyCertSign),
    subjectKeyIdentifier(authorityId),
  ];
  await finish(authority, authorityKeys.publicKey, authorityKeys.privateKey);
  const certificate = newCertificate('Wharfinger admission', 'Wharfinger admission authority', days, now);
  certificate.extensions = [
    extension(oids.basicConstraints, new BasicConstraints({ cA: false }), true),
    usage(keyUsage.digitalSignature),
    subjectKeyIdentifier(await identifierOf(keys.publicKey)),
    authorityKeyIdentifier(authorityId),
    extension(oids.extKeyUsage, new ExtKeyUsage({ keyPurposes: [oids.serverAuth] }), false),
    extension(oids.subjectAltName, new AltName({ altNames: names }), false),
  ];
  await finish(certificate, keys.publicKey, authorityKeys.privateKey);
  return {
    authority: pem('CERTIFICATE', authority.toSchema(true).toBER()),
    certificate: pem('CERTIFICATE', certificate.toSchema(true).toBER()),
    key: pem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)),
  };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(curve, true, ['sign', 'verify']);
}

function newCertificate(subject: string, issuer: string, days: number, now: Date): Certificate {
  const certificate = new Certificate();
  certificate.version = 2;
  const serial = randomBytes(16);
  // positive, and never zero
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  certificate.serialNumber = new asn1js.Integer({ valueHex: new Uint8Array(serial).buffer });
  for (const [name, text] of [
    [certificate.subject, subject],
    [certificate.issuer, issuer],
  ] as const) {
    const value = new asn1js.Utf8String({ value: text });
    name.typesAndValues.push(new AttributeTypeAndValue({ type: oids.commonName, value }));
  }
  certificate.notBefore.value = new Date(now.getTime() - backdate);
  certificate.notAfter.value = new Date(now.getTime() + days * 86_400_000);
  return certificate;
}

async function finish(
  certificate: Certificate,
  subjectKey: webcrypto.CryptoKey,
  issuerKey: webcrypto.CryptoKey,
): Promise<void> {
  await certificate.subjectPublicKeyInfo.importKey(subjectKey);
  await certificate.sign(issuerKey, 'SHA-256');
}

function usage(bits: number): Extension {
  // BIT STRING in DER: the zeros at the end are left out
  const unused = 31 - Math.clz32(bits & -bits);
  const value = new asn1js.BitString({ valueHex: new Uint8Array([bits]).buffer, unusedBits: unused });
  return new Extension({ extnID: oids.keyUsage, critical: true, extnValue: value.toBER() });
}

function extension(
  extnID: string,
  value: { toSchema(): { toBER(): ArrayBuffer } },
  critical: boolean,
): Extension {
  return new Extension({ extnID, critical, extnValue: value.toSchema().toBER() });
}

/** What a key is called in certificates: any name that no other key has (RFC 5280, 4.2.1.2). */
async function identifierOf(key: webcrypto.CryptoKey): Promise<ArrayBuffer> {
  const spki = await webcrypto.subtle.exportKey('spki', key);
  return new Uint8Array(createHash('sha256').update(new Uint8Array(spki)).digest().subarray(0, 20)).buffer;
}

function subjectKeyIdentifier(id: ArrayBuffer): Extension {
  const extnValue = new asn1js.OctetString({ valueHex: id }).toBER();
  return new Extension({ extnID: oids.subjectKeyIdentifier, critical: false, extnValue });
}

function authorityKeyIdentifier(id: ArrayBuffer): Extension {
  const value = new AuthorityKeyIdentifier({ keyIdentifier: new asn1js.OctetString({ valueHex: id }) });
  return extension(oids.authorityKeyIdentifier, value, false);
}

/** @throws WharfingerError USAGE */
function generalName(host: string): GeneralName {
  const family = isIP(host);
  if (family > 0) {
    return new GeneralName({
      type: 7,
      value: new asn1js.OctetString({ valueHex: addressBytes(host, family) }),
    });
  }
  if (/^(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i.test(host) && host.length <= 253) {
    return new GeneralName({ type: 2, value: host });
  }
  throw new WharfingerError('USAGE', {
    what: `${JSON.stringify(host)} is neither a DNS name nor an IP address`,
  });
}

function addressBytes(address: string, family: number): ArrayBuffer {
  if (family === 4) return new Uint8Array(address.split('.').map(Number)).buffer;
  // SocketAddress writes it in its short form; the two halves around :: are filled up with zeros
  const canonical = new SocketAddress({ address, family: 'ipv6' }).address;
  const [head = '', tail = ''] = canonical.split('::');
  const words = (part: string): number[] => (part === '' ? [] : part.split(':').flatMap(wordsOf));
  const [first, last] = [words(head), words(tail)];
  const all = [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
  return new Uint8Array(all.flatMap((word) => [word >> 8, word & 0xff])).buffer;
}

/** One group of an IPv6 address, or the IPv4 address at its end. */
function wordsOf(group: string): number[] {
  if (!group.includes('.')) return [Number.parseInt(group, 16)];
  const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
  return [(a << 8) | b, (c << 8) | d];
}

function pem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
