import type { Advisory } from '@wharfinger/lib/advisories/advisory';
import type { AdvisoryAge } from '@wharfinger/lib/advisories/ages';
import type { Threat } from '@wharfinger/lib/advisories/threats';
import { cvesOf } from '@wharfinger/lib/assess/match-advisories';
import { WharfingerError } from '@wharfinger/lib/errors';
import { knownFormats, type ImageInventory } from '@wharfinger/lib/inspect/inventory';
import { partsOfIndex } from '@wharfinger/lib/client/index-parts';
import { formatPlatform } from '@wharfinger/lib/oci/descriptor';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { parseManifest } from '@wharfinger/lib/oci/manifest';
import { isIndexType } from '@wharfinger/lib/oci/media-types';
import type { Facts } from '@wharfinger/lib/routines/facts';
import type { Receipt } from '@wharfinger/lib/assess/receipt';
import type { Purpose, Verdict } from '@wharfinger/lib/routines/verdict';
import type { EvidenceItem } from '@wharfinger/lib/custody/report';
import { advisoriesById } from '../stores/advisories.ts';
import { generationAt } from '../stores/advisory-generation.ts';
import { coveredEcosystems } from '../stores/covered-ecosystems.ts';
import { matchesOfImage } from '../stores/findings.ts';
import { threatsOf } from '../stores/threats.ts';
import { factsAt } from '../stores/verdict-receipts.ts';
import { getImage } from '../stores/images.ts';
import { gatherFacts, type FactsWanted } from './gather-facts.ts';
import { givenUpOn } from './job-acts.ts';
import { ownEvidence } from './own-evidence.ts';
import { currentSignatures } from './verify.ts';
import { receiptAt, receiptNow, verdictFor } from './receipts.ts';
import type { PipelineParts } from './parts.ts';

/** What is known of images, for the API. */
export interface ImageKnowledge {
  /** @throws WharfingerError MANIFEST_UNKNOWN */
  factsOf(repository: string, digest: Digest, wanted?: FactsWanted): Promise<Facts>;
  /** undefined: not taken apart yet, or nothing to take apart */
  inventoryOf(digest: Digest): Promise<ImageInventory | undefined>;
  /** The verdict that stands. @throws WharfingerError MANIFEST_UNKNOWN */
  verdictOf(repository: string, digest: Digest, purpose?: Purpose): Promise<Verdict>;
  /** What the verdict was at a time and from what; absent: now. @throws WharfingerError MANIFEST_UNKNOWN, INPUT_INVALID */
  receiptOf(repository: string, digest: Digest, purpose: Purpose, at?: Date): Promise<Receipt>;
  /** What an image is judged from, for who judges it elsewhere. @throws WharfingerError MANIFEST_UNKNOWN */
  judgedFrom(repository: string, digest: Digest): Promise<JudgedFrom>;
  /** The verdicts of all that lies in an index, at any depth, each by itself; empty for what is no index. */
  childrenOf(repository: string, digest: Digest, purpose: Purpose): Promise<ChildVerdict[]>;
  /** Work on it that failed too often, and waits until an administrator has it tried again. */
  givenUpOn(repository: string, digest: Digest): Promise<GivenUp>;
}

/** Jobs about an image that are not tried any more. */
export type GivenUp = Awaited<ReturnType<typeof givenUpOn>>;

/** What besides its own bytes and evidence an image is judged from. */
export interface JudgedFrom {
  readonly generation: Digest;
  /** ecosystems that advisories were imported about */
  readonly covered: readonly string[];
  /** how old the advisories are that its verdict rests on */
  readonly ages: readonly AdvisoryAge[];
  /** what is known of the CVEs that match */
  readonly threats: ReadonlyArray<readonly [cve: string, threat: Threat]>;
  /** the advisories that match anything in it */
  readonly records: ReadonlyArray<{ readonly advisory: Advisory; readonly firstImported: string }>;
  /** what its chain of custody rests on */
  readonly ancestors: readonly EvidenceItem[];
}

/** The verdict of what lies in an index: an image, or an index again. */
export interface ChildVerdict {
  readonly digest: Digest;
  /** os/architecture[/variant]; null: neither the index nor a configuration says one */
  readonly platform: string | null;
  /** an index in the index */
  readonly nested?: true;
  readonly verdict: Verdict;
}

export function createKnowledge(parts: PipelineParts): ImageKnowledge {
  const known = <T>(value: T | undefined, digest: Digest): T => {
    if (value === undefined) throw new WharfingerError('MANIFEST_UNKNOWN', { what: digest });
    return value;
  };
  const verdictOf: ImageKnowledge['verdictOf'] = async (repository, digest, purpose = 'pull') =>
    known(await verdictFor(parts, { repository, digest }, purpose), digest);
  return {
    factsOf: async (repository, digest, wanted) =>
      known((await gatherFacts(parts, { repository, digest }, wanted))?.facts, digest),
    inventoryOf: async (digest) => (await getImage(parts.db, digest, knownFormats))?.inventory,
    verdictOf,
    givenUpOn: (repository, digest) => givenUpOn(parts.db, { repository, digest }),
    receiptOf: async (repository, digest, purpose, at) => {
      const place = { repository, digest };
      if (at !== undefined) return receiptAt(parts, place, purpose, at);
      return known(await receiptNow(parts, place, purpose), digest);
    },
    async judgedFrom(repository, digest) {
      const place = { repository, digest };
      known(await verdictOf(repository, digest), digest);
      const image = await getImage(parts.db, digest, knownFormats);
      const matches = image ? await matchesOfImage(parts.db, image.id) : [];
      const found = await advisoriesById(
        parts.db,
        matches.map(({ advisory }) => advisory.id),
      );
      return {
        generation: await generationAt(parts.db, parts.now()),
        covered: await coveredEcosystems(parts.db),
        // they grow younger without a verdict being made anew: what counts is how old they were for the one that stands
        ages: (await factsAt(parts.db, place, parts.now()))?.facts.advisories?.ages ?? [],
        threats: [...(await threatsOf(parts.db, cvesOf(matches)))].sort(([a], [b]) => (a < b ? -1 : 1)),
        records: found.map(({ advisory, firstImported }) => ({
          advisory,
          firstImported: firstImported.toISOString(),
        })),
        ancestors: (await currentSignatures(parts, place)).ancestors,
      };
    },
    async childrenOf(repository, digest, purpose) {
      const record = await parts.catalog.getManifest(repository, digest);
      if (!record || !isIndexType(record.mediaType)) return [];
      const index = parseManifest(record.bytes, record.mediaType);
      if (index.kind !== 'index') return [];
      const children: ChildVerdict[] = [];
      const own = { ...ownEvidence(parts.catalog, parts.storage, repository), name: repository };
      for (const { fetched, manifest, platform } of await partsOfIndex(own, { digest, manifest: index })) {
        children.push({
          digest: fetched.digest,
          platform: platform ? formatPlatform(platform) : null,
          ...(manifest.kind === 'index' && { nested: true as const }),
          verdict: await verdictOf(repository, fetched.digest, purpose),
        });
      }
      return children;
    },
  };
}
