import { noPlatform } from '@wharfinger/lib/assess/judge-content';
import type { ReceiptPredicate } from '@wharfinger/lib/assess/receipt';
import type { ContentSource } from '@wharfinger/lib/client/content-source';
import { partsOfIndex, type FetchedIndex, type IndexPart } from '@wharfinger/lib/client/index-parts';
import { isWharfingerError, WharfingerError } from '@wharfinger/lib/errors';
import { formatPlatform, type Platform } from '@wharfinger/lib/oci/descriptor';
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
    for (const part of await partsFor(reference, content, digest, platforms)) {
      const said = await read(await ask(part.digest), { repository, digest: part.digest });
      if (part.withheld !== undefined && isAllowed(said.verdict)) throw part.withheld;
      parts.push({ verdict: said.verdict, platform: part.platform });
    }
  }
  return { decision: combineVerdicts(digest, parts), judgement };
}

/** What lies in an index. */
interface Part {
  readonly digest: Digest;
  readonly platform: string;
  /** why the registry does not hand it out; absent: it does */
  readonly withheld?: unknown;
}

/** What a node of one of the platforms might take out of an index; empty for an image. */
async function partsFor(
  reference: Reference,
  content: ContentSource,
  digest: Digest,
  platforms: readonly string[],
): Promise<Iterable<Part>> {
  const fetched = isDigest(digest) ? await content.manifest(digest) : undefined;
  if (fetched === undefined)
    throw new WharfingerError('MANIFEST_UNKNOWN', { what: `${formatReference(reference)}, ${digest}` });
  const manifest = parseManifest(fetched.bytes, fetched.mediaType);
  const found = new Map<Digest, Part>();
  if (manifest.kind === 'manifest') return found.values();
  for (const wanted of platforms) {
    const { source, withheld } = withoutWithheld(content);
    for (const part of await partsOrNone(source, { digest, manifest }, wanted, withheld))
      found.set(part.fetched.digest, { digest: part.fetched.digest, platform: nameOf(part.platform) });
    for (const [held, why] of withheld) {
      const { platform } = manifest.manifests.find((child) => child.digest === held) ?? {};
      found.set(held, { digest: held, platform: nameOf(platform), withheld: why });
    }
  }
  return found.values();
}

function nameOf(platform: Platform | undefined): string {
  return platform ? formatPlatform(platform) : noPlatform;
}

/** A repository without those manifests that are held: they are noted, with what the registry says of them. */
function withoutWithheld(content: ContentSource) {
  const withheld = new Map<Digest, unknown>();
  const manifest: ContentSource['manifest'] = async (wanted) => {
    try {
      return await content.manifest(wanted);
    } catch (error) {
      if (!isDigest(wanted) || !isRefusal(error)) throw error;
      withheld.set(wanted, error);
      return undefined;
    }
  };
  return { withheld, source: { ...content, manifest } };
}

function isRefusal(error: unknown): boolean {
  if (!isWharfingerError(error, 'REMOTE_FAILED')) return false;
  const { status } = (error.detail ?? {}) as { readonly status?: unknown };
  return status === 403;
}

/** That nothing is there for a platform is no answer where something is withheld. */
async function partsOrNone(
  source: ContentSource,
  index: FetchedIndex,
  wanted: string,
  withheld: ReadonlyMap<Digest, unknown>,
): Promise<readonly IndexPart[]> {
  try {
    return await partsOfIndex(source, index, wanted);
  } catch (error) {
    if (withheld.size > 0 && isWharfingerError(error, 'MANIFEST_UNKNOWN')) return [];
    throw error;
  }
}
