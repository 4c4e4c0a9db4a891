import { WharfingerError } from '../../errors.ts';
import { isSelfSigned, parseCertificate, type Certificate } from './certificate.ts';
import { isAuthority } from './certificate-chain.ts';
import { refusalReason } from '../refusal.ts';

/** Kinds of trust stores (trust store specification). */
export type StoreType = 'ca' | 'signingAuthority' | 'tsa';

const shape = /^(ca|signingAuthority|tsa):([a-zA-Z0-9_.-]+)$/;

/** The kind of a trust store, from its name `type:name`; undefined: it is no such name. */
export function storeType(name: string): StoreType | undefined {
  return shape.exec(name)?.[1] as StoreType | undefined;
}

const pemBlock = /-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]+)-----END \1-----/g;

/**
 * Splits PEM text into its blocks (RFC 7468). Text between blocks is a comment.
 * @param fail called with what is wrong; must throw
 */
export function pemBlocks(text: string, label: string, fail: (what: string) => never): Buffer[] {
  const blocks = [...text.matchAll(pemBlock)];
  const begun = text.split('-----BEGIN ').length - 1;
  if (blocks.length === 0) fail(`there is no PEM block ${label} in it`);
  if (blocks.length !== begun) fail('one of its PEM blocks is damaged');
  return blocks.map(([, found, body]) => {
    if (found !== label) fail(`it has a PEM block ${found}, not ${label}`);
    return Buffer.from(body!.replace(/\s/g, ''), 'base64');
  });
}

/**
 * Reads certificates from PEM.
 * @param name of what holds them, for messages
 * @throws WharfingerError CERTIFICATE_INVALID
 */
export function parseCertificates(pem: string, name: string): Certificate[] {
  const fail = (what: string): never => {
    throw new WharfingerError('CERTIFICATE_INVALID', { what: `${name}: ${what}` });
  };
  return pemBlocks(pem, 'CERTIFICATE', fail).map((der, at) =>
    parseCertificate(der, (what) => fail(`certificate ${at + 1}: ${what}`)),
  );
}

/**
 * Reads a trust store: certificates of authorities, or self-signed ones; of timestamp authorities only roots.
 * @param name `type:name`
 * @throws WharfingerError CERTIFICATE_INVALID
 */
export function parseTrustStore(pem: string, name: string): Certificate[] {
  const certificates = parseCertificates(pem, `trust store ${JSON.stringify(name)}`);
  const needsRoot = storeType(name) === 'tsa';
  /** Extensions that cannot be read are a mistake of the store, not of what is verified by it. */
  const isAuthorityHere = (certificate: Certificate): boolean => {
    try {
      return isAuthority(certificate);
    } catch (error) {
      const reason = refusalReason(error);
      if (reason === undefined) throw error;
      throw new WharfingerError('CERTIFICATE_INVALID', {
        what: `trust store ${JSON.stringify(name)}: ${reason}`,
        cause: error,
      });
    }
  };
  for (const certificate of certificates) {
    if (isSelfSigned(certificate) || (!needsRoot && isAuthorityHere(certificate))) continue;
    throw new WharfingerError('CERTIFICATE_INVALID', {
      what: `trust store ${JSON.stringify(name)}: ${certificate.name} is ${
        needsRoot ? 'no root: it is not self-signed' : 'neither an authority (CA) nor self-signed'
      }`,
      remedy: 'put the certificate of the authority into the store, not the one that it issued',
    });
  }
  return certificates;
}
