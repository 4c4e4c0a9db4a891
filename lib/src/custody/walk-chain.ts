import { WharfingerError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import { refusalReason } from '../signing/refusal.ts';
import type { Ancestry } from './ancestry.ts';
import type { ChainSource, CustodyMemo } from './chain-source.ts';
import { layoutDigest } from './layout-digest.ts';
import type { CustodyLayout } from './layout.ts';
import { fetchManifest, type Place } from './read-image.ts';
import { uniqueEvidence, type CustodyReport } from './report.ts';
import { shorten, type CustodyProblem } from './problem.ts';
import { walkImage } from './walk-image.ts';
import type { Walk } from './walk.ts';
import { walkIndex } from './walk-index.ts';

/** What a chain is walked with. */
export interface ChainInput extends Place {
  readonly layout: CustodyLayout;
  /** the stage that the image is of; absent: the last one */
  readonly stage?: string;
  readonly now: Date;
  readonly source: ChainSource;
  /**
   * diffIDs that were computed from the bytes of blobs, by digest of the blob: those of the image's own layers, where they were
   * taken apart. What the source measures is asked for besides, where a layer was compressed anew.
   */
  readonly measured?: ReadonlyMap<Digest, Digest>;
  readonly memo?: CustodyMemo<Ancestry>;
}

/**
 * Walks the chain of custody of an image, from the final one to its base: each layer must be answered for by the team whose link
 * says so, each link must fit the bytes and continue the one before, each stage must have its approvals. An index is walked
 * by its assembly, and each of its images by itself.
 *
 * @throws WharfingerError INPUT_INVALID: the layout has no such stage; whatever the source throws where a look-up fails, which is
 * never taken for "none found"
 */
export async function walkChain(input: ChainInput): Promise<CustodyReport> {
  const { repository, digest, layout, now, source, measured = new Map(), memo } = input;
  const stage =
    input.stage === undefined ? layout.stages.at(-1) : layout.stages.find(({ name }) => name === input.stage);
  if (stage === undefined) {
    throw new WharfingerError('INPUT_INVALID', {
      what: `the layout ${layout.name} has no stage ${input.stage ?? 'at all'}`,
      remedy: `give one of its stages: ${layout.stages.map(({ name }) => name).join(', ')}`,
    });
  }
  const walk: Walk = {
    layout,
    layoutDigest: layoutDigest(layout),
    now,
    source: lookUpOnce(source),
    measured,
    done: new Map(),
    follow: (below, at, above) => walkImage(walk, below, at, above),
    ...(memo === undefined ? {} : { memo }),
  };
  const place = { repository, digest };
  const index = await indexAt(walk, place);
  if (index !== undefined) {
    return walkIndex(walk, place, index, stage, async (child) =>
      reportOf(walk, child, await walkImage(walk, child, stage, [])),
    );
  }
  return reportOf(walk, place, await walkImage(walk, place, stage, []));
}

/** The index that lies there; undefined: something else, of which the walk will say what is wrong with it. */
async function indexAt({ source }: Walk, place: Place) {
  try {
    const manifest = await fetchManifest(source, place);
    return manifest?.kind === 'index' ? manifest : undefined;
  } catch (error) {
    if (refusalReason(error) === undefined) throw error;
    return undefined;
  }
}

function reportOf(
  { layout, layoutDigest: digestOfLayout }: Walk,
  place: Place,
  found: Ancestry,
): CustodyReport {
  const { image, owners, stages, ignored, remarks, evidence, validUntil } = found;
  const layers = (image?.layers ?? []).map(({ digest, size, createdBy }, index) => ({
    index,
    digest,
    size,
    ...(createdBy === undefined ? {} : { createdBy }),
    ...owners[index],
  }));
  const problems = withStrays(found, place);
  return {
    kind: 'image',
    ...place,
    ...(image === undefined ? {} : { platform: image.platform }),
    layout: layout.name,
    layoutDigest: digestOfLayout,
    complete: problems.length === 0 && image !== undefined,
    stages,
    layers,
    problems,
    ignored,
    remarks,
    evidence: uniqueEvidence(evidence),
    keyIds: [...new Set(found.keyIds)].sort(),
    ...(validUntil === undefined ? {} : { validUntil }),
    children: [],
  };
}

/** A chain cannot be complete with a layer that nobody answers for, whatever else was found. */
function withStrays(
  { image, owners, problems }: Ancestry,
  { repository, digest }: Place,
): readonly CustodyProblem[] {
  const stray = image?.layers.findIndex((_, index) => owners[index] === undefined) ?? -1;
  if (problems.length > 0 || stray < 0) return problems;
  const message = `${repository}@${shorten(digest)}: layer ${stray} is attributed to nobody`;
  return [{ code: 'link-missing', message, layer: stray }];
}

/** Statements about a parent are asked for by its own walk and by that of its child; they are verified once. */
function lookUpOnce(source: ChainSource): ChainSource {
  const asked = new Map<string, ReturnType<ChainSource['statements']>>();
  return {
    ...source,
    statements(repository, digest) {
      const key = `${repository}@${digest}`;
      const known = asked.get(key) ?? source.statements(repository, digest);
      asked.set(key, known);
      return known;
    },
  };
}
