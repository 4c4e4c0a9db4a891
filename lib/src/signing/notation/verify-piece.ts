import type { TrustedCertificates, TrustedSigner, TrustSet } from '../evidence.ts';
import { readBlob } from '../evidence-reader.ts';
import { keyAlgorithm } from '../keys.ts';
import { refusalReason, refuse } from '../refusal.ts';
import type { EvidenceSubject, FoundSigner, Piece, VerifiedPiece, VerifyContext } from '../verify-context.ts';
import { readNotationTrust, type NotationTrust } from './notation-trust.ts';
import type { TargetArtifact } from './payload.ts';
import { thumbprintAnnotation } from './thumbprints.ts';
import {
  judgeEnvelope,
  openEnvelope,
  type NotationSignature,
  type OpenedEnvelope,
} from './verify-notation.ts';

/** A signer of the policy, and what it is trusted by. */
interface NotationSigner {
  readonly record: TrustedCertificates;
  readonly trust: NotationTrust;
}

/** Certificates and revocation lists of a policy are read once, however many signatures there are. */
const known = new WeakMap<TrustSet, readonly NotationSigner[]>();

/**
 * The signers of a policy whom certificates name, with what they are trusted by.
 * @throws WharfingerError CERTIFICATE_INVALID, TRUST_POLICY_INVALID
 */
function notationSigners(trust: TrustSet): readonly NotationSigner[] {
  const read =
    known.get(trust) ??
    trust.signers
      .filter(isByCertificate)
      .map((record) => ({ record, trust: readNotationTrust(record, trust) }));
  known.set(trust, read);
  return read;
}

/**
 * Verifies a signature of the Notary Project that refers to an image.
 * @throws WharfingerError SIGNATURE_INVALID with the reason why it does not count; CERTIFICATE_INVALID, TRUST_POLICY_INVALID: the
 * policy cannot be used; whatever the source throws
 */
export async function verifyNotationPiece(piece: Piece, context: VerifyContext): Promise<VerifiedPiece> {
  const signers = notationSigners(context.trust);
  if (signers.length === 0) return refuse('no certificates are trusted here');
  const bytes = await readBlob(context.source, piece.layer, context.limits);
  context.spendChecks(signers.length);
  const opened = openEnvelope(piece.layer.mediaType, bytes);
  requireThumbprints(piece, opened);
  requireTarget(opened.target, await subjectOf(context));
  return { signer: signerOf(opened, signers, context), subject: opened.target.digest };
}

function isByCertificate(signer: TrustedSigner): signer is TrustedCertificates {
  return 'notation' in signer;
}

/** Tools choose by this annotation which signature to read: it must not speak of another. */
function requireThumbprints({ annotations }: Piece, { chain }: OpenedEnvelope): void {
  const given = annotations[thumbprintAnnotation];
  if (given === undefined) return refuse(`its manifest lacks the annotation ${thumbprintAnnotation}`);
  const expected = JSON.stringify(chain.map(({ thumbprint }) => thumbprint));
  if (given.toLowerCase() !== expected) {
    refuse(
      `the annotation ${thumbprintAnnotation} of its manifest names other certificates than those that it carries`,
    );
  }
}

/** The signature says of the image more than its digest, and all of it must be true. */
function requireTarget(target: TargetArtifact, image: Required<EvidenceSubject>): void {
  if (target.digest !== image.digest) refuse(`it signs another image, ${target.digest}`);
  if (target.size !== image.size)
    refuse(`it signs ${target.size} bytes, but the image's manifest has ${image.size}`);
  if (target.mediaType !== image.mediaType) {
    refuse(
      `it signs something of type ${JSON.stringify(target.mediaType.slice(0, 200))}, not ${image.mediaType}`,
    );
  }
}

async function subjectOf({ image, source }: VerifyContext): Promise<Required<EvidenceSubject>> {
  const { digest, mediaType, size } = image;
  if (mediaType !== undefined && size !== undefined) return { digest, mediaType, size };
  const fetched = await source.manifest(digest);
  if (fetched === undefined) return refuse('the image that it refers to is not there');
  return { digest, mediaType: fetched.mediaType, size: fetched.bytes.length };
}

/**
 * The signers who are trusted with this certificate. Only those go together who know the same time of signing: nobody's
 * timestamp authority speaks for another.
 */
function signerOf(
  opened: OpenedEnvelope,
  signers: readonly NotationSigner[],
  context: VerifyContext,
): FoundSigner {
  const timed = { now: context.now, changesAt: (time: Date) => context.changesAt(time) };
  const found: Array<{ record: TrustedCertificates; signature: NotationSignature }> = [];
  const reasons: string[] = [];
  for (const { record, trust } of signers) {
    try {
      found.push({
        record,
        signature: judgeEnvelope(opened, trust, timed),
      });
    } catch (error) {
      const reason = refusalReason(error);
      if (reason === undefined) throw error;
      reasons.push(signers.length === 1 ? reason : `${record.name}: ${reason}`);
    }
  }
  const first = found.find(({ signature }) => signature.signedAt !== undefined) ?? found[0];
  if (first === undefined) return refuse([...new Set(reasons)].join('; '));
  const { signature } = first;
  const leaf = opened.chain[0]!;
  const algorithm = keyAlgorithm(leaf.key);
  return {
    records: found
      .filter((one) => one.signature.signedAt?.getTime() === signature.signedAt?.getTime())
      .map(({ record }) => record),
    keyId: signature.keyId,
    ...(typeof algorithm === 'string' ? { algorithm } : {}),
    vouchedBy: signature.vouchedBy,
    ...(signature.signedAt === undefined ? {} : { signedAt: signature.signedAt }),
    ...(signature.logged.length === 0
      ? {}
      : { warnings: signature.logged.map(({ check, reason }) => `${check}: ${reason}`) }),
    identity: { issuer: opened.chain.at(-1)!.name, subject: signature.subject },
  };
}
