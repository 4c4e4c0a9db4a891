import type { SignatureReport } from '@wharfinger/lib/signing/evidence';
import { trustOfKeys } from '@wharfinger/lib/signing/trusted-signers';
import { verifyEvidence } from '@wharfinger/lib/signing/verify-evidence';
import { changesOf } from '../stores/image-changes.ts';
import type { Placed } from '../stores/repositories.ts';
import { getSignatureReport, putSignatureReport } from '../stores/signature-reports.ts';
import { ownEvidence } from './own-evidence.ts';
import type { PipelineParts } from './parts.ts';

/**
 * Verifies the signatures that this repository has of an image, against the keys trusted for it, and keeps the report.
 * A look-up that fails throws: it is never a report without signatures.
 */
export async function verifySignatures(parts: PipelineParts, place: Placed): Promise<SignatureReport> {
  const { repository, digest } = place;
  const policy = parts.policy();
  const { evidence } = await changesOf(parts.db, place);
  const source = ownEvidence(parts.catalog, parts.storage, repository);
  const trust = trustOfKeys(policy.keysFor(repository));
  const { valid, refused } = await verifyEvidence({ digest }, source, trust, parts.now());
  const report = { valid, refused };
  const madeFrom = policy.keysDigest(repository);
  await putSignatureReport(parts.db, place, { report, madeFrom }, evidence, parts.now());
  return report;
}

/** The report on an image, made now if there is none for the keys that are trusted today. */
export async function currentSignatures(parts: PipelineParts, place: Placed): Promise<SignatureReport> {
  const stored = await getSignatureReport(parts.db, place);
  if (stored?.madeFrom === parts.policy().keysDigest(place.repository)) return stored.report;
  return verifySignatures(parts, place);
}
