import { refuse, refusalReason } from '../refusal.ts';
import { algorithmOf, coseNumber, verifyNotationBytes, type NotationAlgorithm } from './algorithms.ts';
import { isSame, parseCertificate, type Certificate } from './certificate.ts';
import { checkChain, longestChain, requireValidity } from './certificate-chain.ts';
import type { Envelope } from './envelope.ts';
import type { Check } from './level.ts';
import type { NotationTrust } from './notation-trust.ts';
import { parseEnvelope } from './parse-envelope.ts';
import { parsePayload, type TargetArtifact } from './payload.ts';
import { whyRevoked, type TimedCheck } from './revocation-check.ts';
import { verifyTimestamp, type TrustedTime } from './timestamp.ts';
import { whyUntrusted } from './trusted-identity.ts';

/** A signature envelope whose signature verifies by the certificate that it carries. Whom that belongs to is not asked yet. */
export interface OpenedEnvelope {
  readonly envelope: Envelope;
  readonly chain: readonly Certificate[];
  readonly algorithm: NotationAlgorithm;
  readonly target: TargetArtifact;
}

/** A signature of the Notary Project that counts. */
export interface NotationSignature {
  readonly target: TargetArtifact;
  /** SHA-256 of the SubjectPublicKeyInfo of the signing certificate, hex */
  readonly keyId: string;
  /** the same of the certificates that vouch for it */
  readonly vouchedBy: readonly string[];
  readonly algorithm: NotationAlgorithm;
  /** subject of the signing certificate (RFC 4514) */
  readonly subject: string;
  /** the latest time at which it can have been signed, where a timestamp authority says so */
  readonly signedAt: Date | undefined;
  readonly expiry: Date | undefined;
  /** SHA-256 of the certificates, leaf first, hex */
  readonly thumbprints: readonly string[];
  /** checks that failed, and that the level only asks to be told of */
  readonly logged: ReadonlyArray<{ readonly check: Check; readonly reason: string }>;
}

/**
 * Verifies a signature of the Notary Project (signature specification; trust store and trust policy specification).
 * @param changesAt called with times at which the outcome may be another, for time alone decided
 * @throws WharfingerError SIGNATURE_INVALID with the reason why it does not count
 */
export function verifyNotation(
  signature: { readonly mediaType: string; readonly bytes: Uint8Array },
  trust: NotationTrust,
  now: Date,
  changesAt: (time: Date) => void = () => {},
): NotationSignature {
  return judgeEnvelope(openEnvelope(signature.mediaType, signature.bytes), trust, { now, changesAt });
}

/**
 * Reads an envelope and verifies all of it that no policy decides: format, chain of certificates, algorithm, signature, payload.
 * @throws WharfingerError SIGNATURE_INVALID
 */
export function openEnvelope(mediaType: string, bytes: Uint8Array): OpenedEnvelope {
  const envelope = parseEnvelope(mediaType, bytes);
  if (envelope.chain.length > longestChain) refuse(`its chain is longer than ${longestChain} certificates`);
  const chain = envelope.chain.map((der, at) =>
    parseCertificate(der, (what) => refuse(`certificate ${at + 1} of its chain: ${what}`)),
  );
  checkChain(chain, 'codeSigning');
  const [leaf] = chain;
  if (leaf === undefined) return refuse('it has no certificate');
  const algorithm = algorithmOf(leaf.key);
  if (typeof algorithm !== 'string') return refuse(`the signing certificate has ${algorithm.refused}`);
  const claimed = envelope.algorithm;
  if (claimed !== algorithm && claimed !== coseNumber(algorithm)) {
    refuse(
      `it claims the algorithm ${JSON.stringify(claimed)}, but the key of its certificate is one for ${algorithm}`,
    );
  }
  if (!verifyNotationBytes(algorithm, leaf.key, envelope.signed, envelope.signature)) {
    refuse('the key of its certificate did not sign it');
  }
  return { envelope, chain, algorithm, target: parsePayload(envelope.payload) };
}

/**
 * Decides by a trust policy whether an opened envelope counts.
 * @throws WharfingerError SIGNATURE_INVALID
 */
export function judgeEnvelope(
  { envelope, chain, algorithm, target }: OpenedEnvelope,
  trust: NotationTrust,
  timed: TimedCheck,
): NotationSignature {
  const leaf = chain[0]!;
  const logged: Array<{ check: Check; reason: string }> = [];
  /** Makes a check as the level has it; undefined where it failed and that is only told. */
  function check<T>(kind: Check, run: () => T): T | undefined {
    const action = trust.enforcement[kind];
    if (action === 'skip') return undefined;
    try {
      return run();
    } catch (error) {
      const reason = refusalReason(error);
      if (reason === undefined || action === 'enforce') throw error;
      logged.push({ check: kind, reason });
      return undefined;
    }
  }

  check('authenticity', () => requireAuthentic(envelope, chain, trust));
  check('expiry', () => requireUnexpired(envelope, timed));
  const time = check('authenticTimestamp', () => trustedTime(envelope, chain, trust, timed));
  check('revocation', () => {
    const why =
      whyRevoked(chain, trust.revocationLists, time?.to, timed) ??
      whyRevoked(time?.chain ?? [], trust.revocationLists, undefined, timed);
    if (why !== undefined) refuse(why);
  });
  return {
    target,
    keyId: leaf.keyId,
    vouchedBy: chain.slice(1).map(({ keyId }) => keyId),
    algorithm,
    subject: leaf.name,
    signedAt: time?.to,
    expiry: envelope.expiry,
    thumbprints: chain.map(({ thumbprint }) => thumbprint),
    logged,
  };
}

function requireAuthentic({ scheme }: Envelope, chain: readonly Certificate[], trust: NotationTrust): void {
  const type = scheme === 'notary.x509' ? 'ca' : 'signingAuthority';
  const store = trust.stores[type];
  if (!chain.some((certificate) => store.some((trusted) => isSame(certificate, trusted)))) {
    refuse(
      `no certificate of its chain is in a trust store of type ${type}: ${chain.at(-1)!.name} is not trusted`,
    );
  }
  const leaf = chain[0]!;
  const why = whyUntrusted(leaf.subject, trust.names);
  if (why !== undefined) refuse(`its signer ${leaf.name} is no trusted identity: ${why}`);
}

function requireUnexpired({ expiry }: Envelope, { now, changesAt }: TimedCheck): void {
  if (expiry === undefined) return;
  changesAt(expiry);
  if (now.getTime() >= expiry.getTime()) refuse(`it expired at ${expiry.toISOString()}`);
}

/** When it was signed, where somebody trusted says it; its certificates must have been valid then, or be valid now. */
function trustedTime(
  envelope: Envelope,
  chain: readonly Certificate[],
  trust: NotationTrust,
  { now, changesAt }: TimedCheck,
): TrustedTime | undefined {
  const { scheme, signingTime, timestamp, signature } = envelope;
  if (scheme === 'notary.x509.signingAuthority') {
    // The authority's word counts for its certificates. Against a loss of its own key it proves nothing: it is no trusted time.
    requireValidity(chain, signingTime, signingTime, `the time of signing, ${signingTime.toISOString()}`);
    return undefined;
  }
  const outlived = chain.some(({ notAfter }) => now.getTime() > notAfter.getTime());
  if (trust.timestamps === 'always' || (trust.timestamps === 'afterCertExpiry' && outlived)) {
    if (timestamp === undefined) return refuse('it has no timestamp, and the trust policy demands one');
    const time = verifyTimestamp(timestamp, signature, trust.stores.tsa);
    requireValidity(chain, time.from, time.to, `the time of its timestamp, ${time.to.toISOString()}`);
    return time;
  }
  for (const { notBefore, notAfter } of chain) {
    changesAt(notBefore);
    changesAt(new Date(notAfter.getTime() + 1));
  }
  requireValidity(chain, now, now, `now, ${now.toISOString()}, which decides where no timestamp is trusted`);
  return undefined;
}
