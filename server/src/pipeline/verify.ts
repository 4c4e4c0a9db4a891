import type { Rules } from '@wharfinger/lib/assess/rules-for';
import { lookUpEvidence, type ImageEvidence } from '@wharfinger/lib/assess/look-up-evidence';
import { WharfingerError } from '@wharfinger/lib/errors';
import { transact } from '../db/transaction.ts';
import { noteChainParts } from '../stores/chain-parts.ts';
import { noteSigners } from '../stores/evidence-signers.ts';
import { changesOf } from '../stores/image-changes.ts';
import { lockPolicyVersion } from '../stores/policy-version.ts';
import type { Placed } from '../stores/repositories.ts';
import { getSignatureReport, putSignatureReport } from '../stores/signature-reports.ts';
import { askForSummary } from './chain-summary.ts';
import { loadImage } from './stored-image.ts';
import { waysHere } from './own-chain.ts';
import { ownEvidence } from './own-evidence.ts';
import type { PipelineParts } from './parts.ts';

/** Verified again this often at most when the policy changes meanwhile. */
const maxTries = 5;

/**
 * Verifies the evidence that this repository has of an image, by whom it trusts, and keeps the report with whose keys made
 * what counts. A look-up that fails throws: it is never a report without signatures.
 *
 * @throws WharfingerError UNAVAILABLE where the policy changes faster than it can be verified by
 */
export async function verifySignatures(parts: PipelineParts, place: Placed): Promise<ImageEvidence> {
  const { repository } = place;
  for (let attempt = 1; attempt <= maxTries; attempt += 1) {
    const now = parts.now();
    const policy = await parts.freshPolicy();
    const { evidence } = await changesOf(parts.db, place);
    const rules = policy.rulesFor(repository, 'pull', now);
    const image = await loadImage(parts, place);
    const registry = policy.config.registry.identity;
    const report = await lookUpEvidence(
      { ...place, ...(image?.config && { config: image.config }), rules, registry, now },
      (name) => ownEvidence(parts.catalog, parts.storage, name),
      rules.custody && (await waysHere(parts, place, rules.trust, now)),
    );
    const madeFrom = policy.trustDigest(repository, now);
    const inTime = await transact(parts.db, async (trx) => {
      // Who revokes a key ends what is noted here. What was verified by an older policy comes too late to be noted.
      if ((await lockPolicyVersion(trx)) !== policy.version) return false;
      const isKept = await putSignatureReport(trx, place, { report, madeFrom }, evidence, now);
      if (isKept) {
        await noteSigners(trx, place, report.keyIds);
        // A link that came meanwhile has noted more, which only the walk that knows it may take away.
        if ((await changesOf(trx, place)).evidence === evidence)
          await noteChainParts(trx, place, report.ancestors);
        await askForSummary(trx, place, report, rules, now);
      }
      return true;
    });
    if (inTime) return report;
  }
  throw new WharfingerError('UNAVAILABLE', { what: 'what decides changes faster than it can be decided by' });
}

/** The report on an image, made now if there is none for those who are trusted now, or time has ended it. */
export async function currentSignatures(parts: PipelineParts, place: Placed): Promise<ImageEvidence> {
  const stored = await getSignatureReport(parts.db, place);
  const now = parts.now();
  if (
    stored?.madeFrom === parts.policy().trustDigest(place.repository, now) &&
    reportHolds(stored.report, now)
  )
    return stored.report;
  return verifySignatures(parts, place);
}

/** True while time has not ended a report. */
export function reportHolds({ validUntil }: Pick<Rules, 'validUntil'>, now: Date): boolean {
  return validUntil === undefined || now.getTime() < Date.parse(validUntil);
}
