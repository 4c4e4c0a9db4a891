import { noPlatform } from '@wharfinger/lib/assess/judge-content';
import type { ReceiptPredicate } from '@wharfinger/lib/assess/receipt';
import type { ContentSource } from '@wharfinger/lib/client/content-source';
import { partsOfIndex } from '@wharfinger/lib/client/index-parts';
import { WharfingerError } from '@wharfinger/lib/errors';
import { formatPlatform } from '@wharfinger/lib/oci/descriptor';
import { isDigest, type Digest } from '@wharfinger/lib/oci/digest';
import { parseManifest } from '@wharfinger/lib/oci/manifest';
import { formatReference, type Reference } from '@wharfinger/lib/oci/reference';
import { combineVerdicts, isAllowed, type Decision, type JudgedPart } from './decision.ts';
import type { AskedImage } from './signed-answers.ts';

/** What a decision that can be proved is made with. */
export interface SignedDecisionParts {
  /** Asks the server about a tag or digest of the repository: the receipt that it answers with, not read yet. */
  readonly ask: (reference: string) => Promise<unknown>;
  /** Reads a receipt. @throws WharfingerError RECEIPT_INVALID, JUDGEMENT_UNTRUSTED */
  readonly read: (receipt: unknown, asked: AskedImage) => Promise<ReceiptPredicate>;
  /** the repository at the server, for the manifest, whose digest is checked */
  readonly content: ContentSource;
  /** os/architecture[/variant] of the nodes */
  readonly platforms: readonly string[];
}

/**
 * Decides by signed receipts alone: one of the image, and where the bytes of its manifest say that it is an index, one of each of
 * the images that a node might take out of it. Which images those are is not left to the answer.
 *
 * @throws WharfingerError MANIFEST_UNKNOWN where an index has nothing for a platform; what the parts throw
 */
export async function signedDecision(
  reference: Reference,
  { ask, read, content, platforms }: SignedDecisionParts,
): Promise<{ decision: Omit<Decision, 'judgedBy'>; judgement: ReceiptPredicate['judgement'] }> {
  const { repository } = reference;
  const answer = await ask(reference.digest ?? reference.tag ?? 'latest');
  const asked = { repository, ...(reference.digest !== undefined && { digest: reference.digest }) };
  const { verdict, judgement } = await read(answer, asked);
  const digest = verdict.digest as Digest;
  const parts: JudgedPart[] = [{ verdict }];
  // what is refused need not be looked into, nor is it served
  if (isAllowed(verdict)) {
    for (const [part, platform] of await partsFor(reference, content, digest, platforms)) {
      const said = await read(await ask(part), { repository, digest: part });
      parts.push({ verdict: said.verdict, platform });
    }
  }
  return { decision: combineVerdicts(digest, parts), judgement };
}

/** What a node of one of the platforms might take out of an index; empty for an image. */
async function partsFor(
  reference: Reference,
  content: ContentSource,
  digest: Digest,
  platforms: readonly string[],
): Promise<ReadonlyMap<Digest, string>> {
  const fetched = isDigest(digest) ? await content.manifest(digest) : undefined;
  if (fetched === undefined)
    throw new WharfingerError('MANIFEST_UNKNOWN', { what: `${formatReference(reference)}, ${digest}` });
  const manifest = parseManifest(fetched.bytes, fetched.mediaType);
  const found = new Map<Digest, string>();
  if (manifest.kind === 'manifest') return found;
  for (const wanted of platforms)
    for (const part of await partsOfIndex(content, { digest, manifest }, wanted))
      found.set(part.fetched.digest, part.platform ? formatPlatform(part.platform) : noPlatform);
  return found;
}
