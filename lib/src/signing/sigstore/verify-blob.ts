import type { KeyObject } from 'node:crypto';
import { digestAlgorithm, digestHex, type Digest } from '../../oci/digest.ts';
import type { TextMatch } from '../evidence.ts';
import type { PublicKey } from '../keys.ts';
import { refuse } from '../refusal.ts';
import { checkStatementOf } from './blob-statement.ts';
import { parseBundle, type SigstoreBundle } from './bundle-reader.ts';
import { readSignerCertificate } from './certificate.ts';
import { hashArtifact, signatureContent, wantedHashes, type ArtifactHashes } from './content.ts';
import { textMatcher, type CertifiedIdentity } from './identity-match.ts';
import type { SigstoreRoot } from './root.ts';
import { verifyKeyless, verifyLoggedKey } from './verify-keyless.ts';

/** A file, read once from its beginning to its end; or no more than its digest. */
export type Artifact = { readonly read: () => AsyncIterable<Uint8Array> } | { readonly digest: Digest };

/** Whose signature counts. */
export type BlobTrust =
  | {
      readonly issuer: TextMatch;
      readonly subject: TextMatch;
      readonly root: SigstoreRoot;
    }
  | {
      readonly key: PublicKey;
      /** given: a log that it names must have the signature too */
      readonly root?: SigstoreRoot;
    };

/** A bundle that verifies, for a file. */
export interface VerifiedBlob {
  /** SHA-256 of the signer's SubjectPublicKeyInfo, hex */
  readonly keyId: string;
  /** RFC 3339: when a log or timestamp authority saw the signature */
  readonly signedAt?: string;
  /** what the certificate says; absent where a key is trusted */
  readonly identity?: CertifiedIdentity;
  /** of an attestation about the file; absent: the file itself is signed */
  readonly predicateType?: string;
}

/**
 * Verifies a Sigstore bundle over any file, without a network: a signature of the file, or an in-toto statement with the file
 * among its subjects. The file is read once and not held.
 *
 * @param now when it is verified
 * @throws WharfingerError SIGNATURE_INVALID with the reason, INPUT_INVALID for a pattern that is none; whatever reading the
 * file throws
 */
export async function verifyBlob(
  bundleBytes: Uint8Array,
  artifact: Artifact,
  trust: BlobTrust,
  now: Date,
): Promise<VerifiedBlob> {
  const bundle = parseBundle(bundleBytes);
  const hashes = await hashesOf(artifact, bundle, signingKey(bundle, trust));
  checkMessageDigest(bundle, hashes);
  const verified =
    'key' in trust ? byKey(bundle, trust, hashes, now) : byIdentity(bundle, trust, hashes, now);
  if (bundle.content.kind === 'message') return verified;
  return { ...verified, predicateType: checkStatementOf(bundle.content.envelope, hashes) };
}

/** How a long file is hashed depends on whose signature it is said to be. */
function signingKey({ signer }: SigstoreBundle, trust: BlobTrust): KeyObject {
  if ('key' in trust) {
    if (signer.kind !== 'key') refuse('it is signed with a certificate, not with the key');
    return trust.key.key;
  }
  if (signer.kind !== 'certificate') return refuse('it is signed with a key, which names no identity');
  return readSignerCertificate(signer.leaf).key;
}

async function hashesOf(
  artifact: Artifact,
  { content }: SigstoreBundle,
  key: KeyObject,
): Promise<ArtifactHashes> {
  if ('read' in artifact) return hashArtifact(artifact.read(), wantedHashes(content, key));
  const { digest } = artifact;
  return { plain: new Map([[digestAlgorithm(digest), Buffer.from(digestHex(digest), 'hex')]]) };
}

/** Nothing depends on it, but a bundle that says it is of another file is not of this one. */
function checkMessageDigest({ content }: SigstoreBundle, { plain }: ArtifactHashes): void {
  if (content.kind !== 'message' || content.digest === undefined) return;
  const hash = plain.get(content.digest.name);
  if (hash !== undefined && !hash.equals(content.digest.hash)) refuse('the bundle is of another file');
}

function byIdentity(
  bundle: SigstoreBundle,
  trust: Extract<BlobTrust, { issuer: TextMatch }>,
  hashes: ArtifactHashes,
  now: Date,
): VerifiedBlob {
  const [isIssuer, isSubject] = [textMatcher(trust.issuer), textMatcher(trust.subject)];
  if (bundle.signer.kind !== 'certificate') return refuse('it is signed with a key, which names no identity');
  const signature = { ...bundle, content: signatureContent(bundle, hashes) };
  const { issuer, subject, keyId, signedAt } = verifyKeyless(bundle.signer.leaf, signature, trust.root, now);
  if (!isIssuer(issuer)) refuse(`it is signed by an identity that ${JSON.stringify(issuer)} vouches for`);
  if (!isSubject(subject)) refuse(`it is signed by ${JSON.stringify(subject)}`);
  return { keyId, signedAt, identity: { issuer, subject } };
}

function byKey(
  bundle: SigstoreBundle,
  { key, root }: Extract<BlobTrust, { key: PublicKey }>,
  hashes: ArtifactHashes,
  now: Date,
): VerifiedBlob {
  const { signer, content } = bundle;
  if (signer.kind !== 'key') return refuse('it is signed with a certificate, not with the key');
  // What a hint says of the key differs by who wrote it; whose signature it is decides.
  if (content.kind === 'envelope' && ![signer.hint, ''].includes(content.envelope.keyid)) {
    refuse('keyid of the signature and hint of the bundle name different keys');
  }
  const signed = signatureContent(bundle, hashes);
  if (!signed.verifySignature(key.key)) {
    const needsFile =
      key.algorithm === 'ed25519' && content.kind === 'message' && hashes.prefixed === undefined;
    refuse(
      `the key did not sign it${needsFile ? ', or the file is needed to tell: Ed25519 signs no digest' : ''}`,
    );
  }
  if (root === undefined) return { keyId: key.id };
  const signedAt = verifyLoggedKey(key.key, { ...bundle, content: signed }, root, now);
  return signedAt === undefined ? { keyId: key.id } : { keyId: key.id, signedAt };
}
