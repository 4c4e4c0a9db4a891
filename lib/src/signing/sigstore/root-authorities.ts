import { X509Certificate as NodeCertificate } from 'node:crypto';
import { X509Certificate } from '@sigstore/core';
import type { CertificateAuthority } from '@sigstore/protobuf-specs';
import type { TrustMaterial } from '@sigstore/verify';
import { always, periodOf } from './root-period.ts';

type TrustedAuthority = TrustMaterial['certificateAuthorities'][number];

/**
 * A certificate that is trusted by itself, though another issued it. Chains end at one that vouches for itself in the library
 * that verifies them; a trusted root may end a chain earlier (sigstore/protobuf-specs, CertificateAuthority.cert_chain).
 */
class Anchor extends X509Certificate {
  override get issuer(): Buffer {
    return this.subject;
  }

  override verify(issuer?: X509Certificate): boolean {
    return issuer === undefined || super.verify(issuer);
  }
}

/**
 * Reads a certificate authority or timestamp authority of a trusted root. Where the root does not say when it counts, it does
 * as long as its certificates are valid.
 * @param fail throws, told what is wrong
 */
export function trustedAuthority(
  { uri, certChain, validFor }: CertificateAuthority,
  fail: (what: string, cause?: unknown) => never,
): TrustedAuthority {
  const where = `the authority ${JSON.stringify(uri)}`;
  const chain = (certChain?.certificates ?? []).map(({ rawBytes }) => {
    try {
      const certificate = new NodeCertificate(rawBytes);
      return { certificate, parsed: X509Certificate.parse(Buffer.from(certificate.raw)) };
    } catch (error) {
      return fail(`a certificate of ${where} cannot be read: ${(error as Error).message}`, error);
    }
  });
  const last = chain.at(-1);
  if (last === undefined) return fail(`${where} has no certificate`);
  const anchor = vouchesForItself(last.certificate) ? last.parsed : new Anchor(last.parsed.root);
  return {
    certChain: [...chain.slice(0, -1).map(({ parsed }) => parsed), anchor],
    validFor: periodOf(validFor, (what) => fail(`${where} ${what}`)) ?? always,
  };
}

function vouchesForItself(certificate: NodeCertificate): boolean {
  return certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);
}
