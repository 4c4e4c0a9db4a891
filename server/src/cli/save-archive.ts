import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { collectImage } from '@wharfinger/lib/assess/saved/collect';
import { writeArchive, type SavedAdvisories } from '@wharfinger/lib/assess/saved/write';
import { openJudgement } from '@wharfinger/lib/assess/judgement-seal';
import { openReceipt } from '@wharfinger/lib/assess/receipt';
import { remoteContent } from '@wharfinger/lib/client/content-source';
import type { RegistrySession } from '@wharfinger/lib/client/registry-session';
import type { EvidenceItem } from '@wharfinger/lib/custody/report';
import { WharfingerError } from '@wharfinger/lib/errors';
import { partsOfIndex } from '@wharfinger/lib/client/index-parts';
import type { Digest } from '@wharfinger/lib/oci/digest';
import type { FetchedManifest } from '@wharfinger/lib/oci/evidence-source';
import { parseManifest } from '@wharfinger/lib/oci/manifest';
import type { Purpose } from '@wharfinger/lib/routines/verdict';
import type { ApiClient } from './api-client.ts';
import { judgedFromAnswer, verdictAnswer } from './api-shapes.ts';
import { imageAnswer } from './image-shape.ts';
import type { Progress } from './progress.ts';

/** What is to be saved, and how its registry is spoken to. */
export interface SaveJob {
  readonly server: ApiClient;
  readonly registry: RegistrySession;
  readonly repository: string;
  readonly tag?: string;
  readonly image: FetchedManifest;
  readonly purpose: Purpose;
  /** os/architecture[/variant] of the images of an index to take; empty: all */
  readonly platforms: readonly string[];
  /** file to write */
  readonly output: string;
  readonly progress: Progress;
}

export interface Saved {
  readonly images: number;
  readonly bytes: number;
}

/** What decides may change while it is asked for piece by piece; then it is asked for again, at most so often. */
const maxTries = 5;

/** How long an image that was just pushed is waited for. */
const longestWaitSeconds = 60;

/**
 * Saves an image with all that refers to it, what it was built on, and what its registry judged it by and from. The file
 * appears under its name when it is whole.
 *
 * @throws WharfingerError MANIFEST_UNKNOWN, UNAVAILABLE, REMOTE_FAILED; ServerRefusal
 */
export async function saveArchive(job: SaveJob): Promise<Saved> {
  const { registry, repository, image, output, progress } = job;
  const children = await childrenOf(job);
  const { ancestors, ...judged } = await askConsistently(job, [image.digest, ...children]);
  const collected = await collectImage(
    remoteContent(registry, repository),
    image,
    job.platforms.length === 0 ? undefined : new Set(children),
    ancestors,
    (name) => remoteContent(registry, name),
  );
  const total = [...collected.blobs.values()].reduce((sum, { descriptor }) => sum + descriptor.size, 0);
  const draft = `${output}.${process.pid}.part`;
  let bytes = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    const archive = writeArchive(collected, {
      repository,
      ...(job.tag === undefined ? {} : { tag: job.tag }),
      image: image.digest,
      purpose: job.purpose,
      ...judged,
    });
    for await (const piece of archive) {
      bytes += piece.length;
      progress.update('saving', Math.min(bytes, total), total);
      yield piece;
    }
  }
  try {
    await pipeline(counted, createWriteStream(draft, { flags: 'wx' }));
    await rename(draft, output);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  return { images: Math.max(1, children.length), bytes };
}

/** What lies in an index and is wanted; nothing for what is no index. */
async function childrenOf({ registry, image, platforms, repository }: SaveJob): Promise<Digest[]> {
  const manifest = parseManifest(image.bytes, image.mediaType);
  if (manifest.kind === 'manifest') return [];
  const content = remoteContent(registry, repository);
  const index = { digest: image.digest, manifest };
  const wanted = new Set<Digest>();
  for (const platform of platforms.length === 0 ? [undefined] : platforms)
    for (const { fetched } of await partsOfIndex(content, index, platform)) wanted.add(fetched.digest);
  return [...wanted];
}

interface Answers {
  readonly judgement: string;
  readonly receipts: readonly string[];
  readonly advisories: SavedAdvisories;
  readonly ancestors: readonly EvidenceItem[];
}

/** All of it as of one moment: the receipts name the judgement and the advisories that come with them. */
async function askConsistently(job: SaveJob, digests: readonly Digest[]): Promise<Answers> {
  for (const digest of digests) await waitUntilChecked(job, digest);
  for (let attempt = 1; attempt <= maxTries; attempt += 1) {
    const answers = await askOnce(job, digests);
    if (answers) return answers;
  }
  throw new WharfingerError('UNAVAILABLE', {
    what: `what ${job.server.host} judges by changes faster than it can be saved`,
  });
}

/** What was pushed a moment ago would be judged elsewhere by more than its receipt says. */
async function waitUntilChecked({ server, repository }: SaveJob, reference: Digest): Promise<void> {
  for (let waited = 0; waited < longestWaitSeconds; waited += 1) {
    const { facts } = await server.get('/api/v1/images', { repository, reference }, imageAnswer);
    if (facts.image.kind !== undefined) return;
    await pause(1000);
  }
  throw new WharfingerError('UNAVAILABLE', {
    what: `${repository}@${reference} has not been checked yet`,
    remedy: 'save it when wharf verdict says what stands for it',
  });
}

async function askOnce(
  { server, repository, purpose }: SaveJob,
  digests: readonly Digest[],
): Promise<Answers | undefined> {
  const queryOf = (reference: Digest) => ({ repository, reference, purpose, receipt: '1' });
  let at = '';
  // asked for now, so that each is judged; then all for the moment of the last
  for (const digest of digests)
    ({ at } = (await server.get('/api/v1/verdict', queryOf(digest), verdictAnswer)).verdict);
  const receipts: string[] = [];
  for (const digest of digests) {
    const { receipt } = await server.get('/api/v1/verdict', { ...queryOf(digest), at }, verdictAnswer);
    receipts.push(JSON.stringify(receipt));
  }
  const froms = [];
  for (const reference of digests)
    froms.push(await server.get('/api/v1/judged-from', { repository, reference }, judgedFromAnswer));
  const judgement = (await server.getBytes('/api/v1/judgement', {})).toString('utf8');
  const registryKeys = [
    { name: server.host, pem: (await server.getBytes('/api/v1/registry/key', {})).toString('utf8') },
  ];
  const { digest } = openJudgement(Buffer.from(judgement), { registryKeys, now: new Date(at) });
  const [{ generation, covered }] = froms as [(typeof froms)[number]];
  const records = new Map(froms.flatMap((from) => from.records).map((one) => [one.advisory.id, one]));
  const same =
    froms.every((from) => from.generation === generation) &&
    receipts.every((receipt) => {
      const { predicate } = openReceipt(Buffer.from(receipt), registryKeys);
      return predicate.judgement.digest === digest && predicate.advisories === generation;
    });
  if (!same) return undefined;
  return {
    judgement,
    receipts,
    advisories: {
      generation: generation as Digest,
      covered,
      ages: Object.fromEntries(froms.map((from, at) => [digests[at]!, from.ages])),
      threats: [...new Map(froms.flatMap((from) => from.threats)).entries()].sort(([a], [b]) =>
        a < b ? -1 : 1,
      ),
      records: [...records].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record),
    },
    ancestors: froms.flatMap((from) => from.ancestors) as EvidenceItem[],
  };
}
