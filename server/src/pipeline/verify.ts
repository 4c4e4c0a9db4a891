import type { Rules } from '@wharfinger/lib/assess/rules-for';
import { verifyEvidence } from '@wharfinger/lib/signing/verify-evidence';
import { changesOf } from '../stores/image-changes.ts';
import type { Placed } from '../stores/repositories.ts';
import { getSignatureReport, putSignatureReport, type KeptReport } from '../stores/signature-reports.ts';
import { ownEvidence } from './own-evidence.ts';
import type { PipelineParts } from './parts.ts';

/**
 * Verifies the evidence that this repository has of an image, by whom it trusts, and keeps the report. A look-up that
 * fails throws: it is never a report without signatures.
 */
export async function verifySignatures(parts: PipelineParts, place: Placed): Promise<KeptReport> {
  const { repository, digest } = place;
  const now = parts.now();
  const policy = parts.policy();
  const { evidence } = await changesOf(parts.db, place);
  const source = ownEvidence(parts.catalog, parts.storage, repository);
  const { trust } = policy.rulesFor(repository, 'pull', now);
  const { valid, refused, validUntil } = await verifyEvidence({ digest }, source, trust, now);
  const report = { valid, refused, ...(validUntil === undefined ? {} : { validUntil }) };
  const madeFrom = policy.trustDigest(repository, now);
  await putSignatureReport(parts.db, place, { report, madeFrom }, evidence, now);
  return report;
}

/** The report on an image, made now if there is none for those who are trusted now, or time has ended it. */
export async function currentSignatures(parts: PipelineParts, place: Placed): Promise<KeptReport> {
  const stored = await getSignatureReport(parts.db, place);
  const now = parts.now();
  if (stored?.madeFrom === parts.policy().trustDigest(place.repository, now) && holds(stored.report, now))
    return stored.report;
  return verifySignatures(parts, place);
}

function holds({ validUntil }: Pick<Rules, 'validUntil'>, now: Date): boolean {
  return validUntil === undefined || now.getTime() < Date.parse(validUntil);
}
