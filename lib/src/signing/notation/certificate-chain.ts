import { BitString } from 'asn1js';
import { BasicConstraints, ExtKeyUsage } from 'pkijs';
import { keyAlgorithm } from '../keys.ts';
import { refuse } from '../refusal.ts';
import { algorithmOf } from './algorithms.ts';
import { isIssuedBy, isSelfSigned, readExtension, type Certificate } from './certificate.ts';

const extension = {
  keyUsage: '2.5.29.15',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
} as const;

/** Critical extensions that are processed, or that restrict nothing that is done here. */
const understood: ReadonlySet<string> = new Set([...Object.values(extension), '2.5.29.17', '2.5.29.32']);

const anyPurpose = '2.5.29.37.0';

/** Uses of a key (RFC 5280, section 4.2.1.3), by their bits. */
const usage = { digitalSignature: 0, contentCommitment: 1, certificateSigning: 5, crlSigning: 6 } as const;

/** What the certificates of a chain are for. */
export type ChainPurpose = 'codeSigning' | 'timeStamping';

const purposes: Readonly<Record<ChainPurpose, string>> = {
  codeSigning: '1.3.6.1.5.5.7.3.3',
  timeStamping: '1.3.6.1.5.5.7.3.8',
};

/** Purposes beside which code signing does not count (signature specification, "Certificate Requirements"). */
const foreign: ReadonlySet<string> = new Set([
  '1.3.6.1.5.5.7.3.1', // TLS server
  '1.3.6.1.5.5.7.3.2', // TLS client
  '1.3.6.1.5.5.7.3.4', // e-mail
  purposes.timeStamping,
  '1.3.6.1.5.5.7.3.9', // OCSP responder
  anyPurpose,
]);

/** Certificates of one chain; longer ones are only made to keep a verifier busy. */
export const longestChain = 10;

/**
 * Checks a chain, leaf first, root last (signature specification, "Certificate Requirements"): each is issued by the next, the
 * last by itself, and each may be what it is there. A single self-signed certificate that is no authority is a chain too, as notation
 * accepts it. Whether the root is trusted, and whether it is valid at some time, is not asked here.
 * @throws WharfingerError SIGNATURE_INVALID
 */
export function checkChain(chain: readonly Certificate[], purpose: ChainPurpose): void {
  if (chain.length > longestChain) refuse(`its chain is longer than ${longestChain} certificates`);
  const [leaf] = chain;
  if (leaf === undefined) return refuse('it has no certificate');
  for (const [at, certificate] of chain.entries()) {
    requireUnderstood(certificate);
    const issuer = chain[at + 1];
    if (issuer === undefined) {
      if (!isSelfSigned(certificate)) {
        refuse(`its chain does not end with a self-signed root: ${certificate.name} was issued by another`);
      }
    } else if (isSelfSigned(certificate)) {
      refuse(`the certificate ${certificate.name} is self-signed, but not the last of its chain`);
    } else if (!isIssuedBy(certificate, issuer)) {
      refuse(`the certificate ${certificate.name} was not issued by the next of its chain, ${issuer.name}`);
    }
    if (at > 0) requireAuthority(certificate, at - 1, purpose);
  }
  requireLeaf(leaf, purpose);
}

/** Refuses unless each certificate is valid from one time to the other. */
export function requireValidity(chain: readonly Certificate[], from: Date, to: Date, when: string): void {
  for (const { name, notBefore, notAfter } of chain) {
    if (from.getTime() < notBefore.getTime()) {
      refuse(`the certificate ${name} is valid from ${notBefore.toISOString()} on, which is after ${when}`);
    }
    if (to.getTime() > notAfter.getTime()) {
      refuse(`the certificate ${name} was valid until ${notAfter.toISOString()}, which is before ${when}`);
    }
  }
}

/** True if an authority may sign certificate revocation lists. */
export function maySignLists(certificate: Certificate): boolean {
  const bits = usageOf(certificate);
  return bits === undefined || bits.has(usage.crlSigning);
}

/** True if it is a certificate of an authority, one that issues others. */
export function isAuthority(certificate: Certificate): boolean {
  return constraintsOf(certificate)?.cA === true;
}

function requireLeaf(leaf: Certificate, purpose: ChainPurpose): void {
  if (isAuthority(leaf)) refuse(`the signing certificate ${leaf.name} is that of an authority (CA)`);
  requireUsage(leaf, purpose);
  const bits = usageOf(leaf) ?? new Set();
  if (!bits.has(usage.digitalSignature)) refuse(`the key usage of ${leaf.name} lacks digital signature`);
  for (const bit of bits) {
    if (bit !== usage.digitalSignature && bit !== usage.contentCommitment) {
      refuse(`the key usage of ${leaf.name} is more than digital signature`);
    }
  }
  const named = leaf.extensions.get(extension.extendedKeyUsage);
  const given = purposesOf(leaf);
  if (!given.includes(purposes[purpose])) refuse(`the extended key usage of ${leaf.name} lacks ${purpose}`);
  if (purpose === 'timeStamping') {
    if (given.length !== 1) refuse(`the extended key usage of ${leaf.name} is more than timeStamping`);
    if (named?.critical !== true) refuse(`the extended key usage of ${leaf.name} is not critical`);
  } else if (given.some((one) => foreign.has(one))) {
    refuse(`the extended key usage of ${leaf.name} is more than codeSigning`);
  }
  const algorithm = algorithmOf(leaf.key);
  if (typeof algorithm !== 'string') refuse(`the signing certificate ${leaf.name} has ${algorithm.refused}`);
}

function requireAuthority(authority: Certificate, below: number, purpose: ChainPurpose): void {
  const { name } = authority;
  const constraints = constraintsOf(authority);
  if (constraints?.cA !== true)
    return refuse(`the certificate ${name} issues others, but is no authority (CA)`);
  if (authority.extensions.get(extension.basicConstraints)?.critical !== true) {
    refuse(`the basic constraints of ${name} are not critical`);
  }
  const { pathLenConstraint } = constraints;
  if (pathLenConstraint !== undefined && !(Number(pathLenConstraint) >= below)) {
    refuse(`there are ${below} authorities below ${name}, more than it allows (path length)`);
  }
  requireUsage(authority, purpose);
  if (usageOf(authority)?.has(usage.certificateSigning) !== true) {
    refuse(`the key usage of ${name} lacks the signing of certificates`);
  }
  const given = purposesOf(authority);
  if (given.length > 0 && !given.includes(purposes[purpose]) && !given.includes(anyPurpose)) {
    refuse(`the authority ${name} may not issue certificates for ${purpose} (extended key usage)`);
  }
  const kind = keyAlgorithm(authority.key);
  if (typeof kind !== 'string') refuse(`the key of ${name} ${kind.refused}`);
}

function requireUsage(certificate: Certificate, purpose: ChainPurpose): void {
  const found = certificate.extensions.get(extension.keyUsage);
  if (found === undefined) return refuse(`the certificate ${certificate.name} has no key usage`);
  // Timestamp authorities in the field leave it uncritical, and notation lets them.
  if (!found.critical && purpose === 'codeSigning')
    refuse(`the key usage of ${certificate.name} is not critical`);
}

function requireUnderstood({ extensions, name }: Certificate): void {
  for (const [id, { critical }] of extensions) {
    if (critical && !understood.has(id)) {
      refuse(`the certificate ${name} has the critical extension ${id}, which is not understood here`);
    }
  }
}

function constraintsOf({ extensions, name }: Certificate): BasicConstraints | undefined {
  const found = extensions.get(extension.basicConstraints);
  if (found === undefined) return undefined;
  return readExtension(
    found.value,
    (schema) => new BasicConstraints({ schema }),
    (what) => refuse(`the certificate ${name}: ${what}`),
  );
}

function usageOf({ extensions, name }: Certificate): ReadonlySet<number> | undefined {
  const found = extensions.get(extension.keyUsage);
  if (found === undefined) return undefined;
  const fail = (what: string): never => refuse(`the certificate ${name}: ${what}`);
  return readExtension(
    found.value,
    (schema) => {
      if (!(schema instanceof BitString)) return fail('its key usage is no bit string');
      const bytes = schema.valueBlock.valueHexView;
      const bits = [...bytes].flatMap((byte, at) =>
        [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (byte & (0x80 >> bit)) !== 0).map((bit) => at * 8 + bit),
      );
      return new Set(bits);
    },
    fail,
  );
}

function purposesOf({ extensions, name }: Certificate): readonly string[] {
  const found = extensions.get(extension.extendedKeyUsage);
  if (found === undefined) return [];
  return readExtension(
    found.value,
    (schema) => new ExtKeyUsage({ schema }).keyPurposes,
    (what) => refuse(`the certificate ${name}: ${what}`),
  );
}
