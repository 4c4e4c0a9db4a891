import { admitSigner } from './admit-signer.ts';
import { verifyEnvelope, verifySimpleSigning } from './cosign-v2.ts';
import { verifyBundle } from './cosign-v3.ts';
import type {
  EvidenceReport,
  EvidenceSource,
  TrustSet,
  ValidSignature,
  VerifiedStatement,
} from './evidence.ts';
import { findEvidence } from './find-evidence.ts';
import { refuse } from './refusal.ts';
import { collectRefusals, type Known } from './refusals.ts';
import type { SigstoreVerifier } from './sigstore-verifier.ts';
import { signaturePredicate } from './statement.ts';
import { knownKeys } from './trusted-signers.ts';
import type {
  EvidenceLimits,
  EvidenceSubject,
  Piece,
  PieceKind,
  PieceVerifier,
  VerifiedPiece,
  VerifyContext,
} from './verify-context.ts';

/** What is looked at for one image where the caller does not say. */
export const defaultEvidenceLimits: EvidenceLimits = {
  count: 2048,
  bytes: 16 * 1024 * 1024,
  total: 128 * 1024 * 1024,
  checks: 50_000,
};

/** Certificates of either kind are loaded with the first signature that has one: what reads them is large. */
const loadSigstore = async (): Promise<SigstoreVerifier> =>
  (await import('./sigstore/image-verifier.ts')).sigstoreVerifier;

const sigstore: SigstoreVerifier = {
  bundleSigner: async (...asked) => (await loadSigstore()).bundleSigner(...asked),
  annotatedSigner: async (...asked) => (await loadSigstore()).annotatedSigner(...asked),
  bundleTime: async (...asked) => (await loadSigstore()).bundleTime(...asked),
  annotatedTime: async (...asked) => (await loadSigstore()).annotatedTime(...asked),
};

/** How signed documents are verified, by kind. */
const verifiers: Readonly<Record<PieceKind, PieceVerifier>> = {
  'simple-signing': verifySimpleSigning,
  envelope: verifyEnvelope,
  bundle: verifyBundle,
  notation: async (...asked) => (await import('./notation/verify-piece.ts')).verifyNotationPiece(...asked),
};

/**
 * Looks for all evidence of an image, signatures and attestations of every format, and verifies each by the policy.
 *
 * What is found and does not count is reported with its reason. Nothing found is a report without entries; a look-up that
 * fails throws, so that it is never taken for that. No more is read than the limits allow; what was left out is reported.
 * The same evidence gives the same report, in whatever order a registry lists it.
 *
 * @param image the manifest or index whose own evidence is meant
 * @param now decides where no trusted time says when something was signed
 * @throws WharfingerError KEY_INVALID, CERTIFICATE_INVALID, TRUST_POLICY_INVALID, TRUSTED_ROOT_INVALID, INPUT_INVALID: the
 * policy cannot be used; whatever the source throws
 */
export async function verifyEvidence(
  image: EvidenceSubject,
  source: EvidenceSource,
  trust: TrustSet,
  now: Date,
  limits: EvidenceLimits = defaultEvidenceLimits,
): Promise<EvidenceReport> {
  const refusals = collectRefusals(image.digest);
  const valid: ValidSignature[] = [];
  const statements: VerifiedStatement[] = [];
  const changes = trackChanges(now);
  let checks = limits.checks;
  const context: VerifyContext = {
    image,
    source,
    trust,
    keys: knownKeys(trust),
    now,
    limits,
    sigstore,
    changesAt: changes.add,
    spendChecks(count: number) {
      checks -= count;
      if (checks < 0) refuse('it was not looked at: too many signatures name no trusted key');
    },
  };
  const pieces = await findEvidence(context, refusals);
  let left = limits.total;
  for (const [index, piece] of pieces.entries()) {
    left -= Math.min(piece.layer.size, limits.bytes);
    if (index >= limits.count || left < 0) {
      refusals.leaveOut(pieces.length - index, 'more signed documents were not looked at');
      break;
    }
    let known: Known = { purport: purportOf(piece), genuine: false };
    await refusals.gather(
      piece,
      () => known,
      async () => {
        requireFormat(piece, trust);
        const verified = await verifiers[piece.kind](piece, context);
        known = knownOf(verified);
        const entry = admit(piece, verified, context);
        if ('predicateType' in entry) statements.push(entry);
        else valid.push(entry);
      },
    );
  }
  const validUntil = changes.first();
  return {
    valid: valid.sort(byContent),
    refused: refusals.list('signature'),
    statements: statements.sort(byContent),
    refusedStatements: refusals.list('statement'),
    ...(validUntil === undefined ? {} : { validUntil: validUntil.toISOString() }),
  };
}

/** There is no falling back from one format to another: who takes one away, or adds one, changes nothing. */
function requireFormat({ format }: Piece, { formats }: TrustSet): void {
  if (formats.includes(format)) return;
  refuse(
    `what is signed in the format ${format} does not count here, but only ${formats.join(', ') || 'nothing'}`,
  );
}

/** cosign takes any statement about an image for a signature of it. */
function isSignature({ statement }: VerifiedPiece): boolean {
  return statement === undefined || statement.predicateType === signaturePredicate;
}

/** What is known of it once its signature was verified. */
function knownOf(verified: VerifiedPiece): Known {
  if (isSignature(verified)) return { purport: 'signature', genuine: true };
  return { purport: 'statement', genuine: true, predicateType: verified.statement!.predicateType };
}

/** What a bundle is by what its manifest says, until it is known who signed it. */
function purportOf({ kind, annotations }: Piece): Known['purport'] {
  const claimed = annotations['dev.sigstore.bundle.predicateType'] ?? signaturePredicate;
  return kind === 'envelope' || (kind === 'bundle' && claimed !== signaturePredicate)
    ? 'statement'
    : 'signature';
}

function admit(
  { format, evidence }: Piece,
  verified: VerifiedPiece,
  context: VerifyContext,
): ValidSignature | VerifiedStatement {
  const { signer: found, subject, statement } = verified;
  const name = found.records[0]?.name ?? found.keyId;
  if (subject !== context.image.digest) refuse(`${name} signed another image, ${subject}`);
  const signer = admitSigner(found, context);
  if (statement !== undefined && !isSignature(verified))
    return { signer, format, subject, ...statement, evidence };
  if (!signer.purposes.includes('release'))
    refuse(`${signer.key} is trusted for ${signer.purposes.join(', ') || 'nothing'}, not for releases`);
  return { format, ...signer, evidence };
}

/** Keeps the first of the times to come. */
function trackChanges(now: Date): { add: (time: Date) => void; first: () => Date | undefined } {
  let first: Date | undefined;
  return {
    add(time) {
      if (time > now && (first === undefined || time < first)) first = time;
    },
    first: () => first,
  };
}

interface Ordered {
  readonly format: string;
  readonly evidence: string;
}

function byContent(a: Ordered, b: Ordered): number {
  const [left, right] = [a, b].map(({ format, evidence }) => `${format} ${evidence}`);
  return left! < right! ? -1 : left! > right! ? 1 : 0;
}
