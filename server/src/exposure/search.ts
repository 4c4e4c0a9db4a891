import type { Digest } from '@wharfinger/lib/oci/digest';
import { pullsOf, type Pull } from '../audit/pulls.ts';
import type { Db } from '../db/schema.ts';
import type { LayerFiles } from '../inspection/layer-files.ts';
import type { LastVerdicts } from '../pipeline/last-verdicts.ts';
import { rememberRepositoryNames, type SeenBefore } from '../stores/repository-names.ts';
import { packagesOfImages, tagsNow, tagTimes, type FoundPackage, type FoundPlace } from '../stores/search.ts';
import { findImages, type Candidates } from './find-images.ts';
import { filesOfImages, type FoundFile } from './found-files.ts';
import { pageOfPlaces, type PageWish } from './pages.ts';
import type { Question } from './question.ts';
import { sightOf } from './sight.ts';
import { countUnknown, type UnknownImages } from './unknown-images.ts';
import { verdictsOfPage, type ShownVerdict } from './verdicts-of-page.ts';

/** An image in a repository that has what was looked for. */
export interface Hit {
  readonly repository: string;
  readonly digest: Digest;
  /** that mean it now */
  readonly tags: readonly string[];
  /** what of it was looked for; absent where that was no package */
  readonly packages?: readonly HitPackage[];
  /** how many more packages were looked for and are there; absent: none */
  readonly morePackages?: number;
  /** where the file is that was looked for; absent where that was no file */
  readonly files?: readonly FoundFile[];
  readonly moreFiles?: number;
  /** not all of its layers were read again: it has a file whose digest begins like the one that was looked for */
  readonly unconfirmed?: true;
}

export interface HitPackage {
  readonly name: string;
  readonly version: string;
  readonly ecosystem: string;
  readonly purl: string;
  readonly licence?: string;
  /** it cannot be told whether this version is one that was asked for */
  readonly undecided?: true;
}

/** A hit with what became of it. */
export interface ExposedImage extends Hit {
  /** the tags that meant it, the latest first */
  readonly tagged: ReadonlyArray<{ readonly tag: string; readonly since: string; readonly until?: string }>;
  /** null: it was not judged yet */
  readonly verdict: ShownVerdict | null;
  /** who pulled it, the latest first; absent: the caller may not know */
  readonly pulls?: readonly Pull[];
  /** RFC 3339; null: never, as far as is known */
  readonly lastPulled: string | null;
}

export interface SearchAnswer<T> extends UnknownImages {
  readonly images: readonly T[];
  /** the `last` of the next page */
  readonly next?: string;
}

/** Who asks. */
export interface Viewer {
  readonly visible: (repository: string) => boolean;
  /** what was found out for earlier answers about just these rights; absent: nothing is kept */
  readonly seenBefore?: SeenBefore;
  /** true: may know who pulled */
  readonly seesPulls: boolean;
}

/** Looks through everything that the registry holds. */
export interface Search {
  /** @throws WharfingerError NOT_FOUND, UNAVAILABLE, INPUT_INVALID */
  find(question: Question, page: PageWish, viewer: Viewer): Promise<SearchAnswer<Hit>>;
  /** The same with tags then, verdicts and pulls. */
  exposure(question: Question, page: PageWish, viewer: Viewer): Promise<SearchAnswer<ExposedImage>>;
}

const mostTags = 100;
const mostTagTimes = 50;
const mostPulls = 20;
const mostPackages = 20;

/** Searches under way at a time: the others wait, so that reading the database for other reasons does not. */
const atOnce = 2;

export function createSearch(db: Db, layerFiles: LayerFiles, verdicts: LastVerdicts): Search {
  const turn = turns(atOnce);
  const names = rememberRepositoryNames(db);

  async function page(question: Question, wish: PageWish, { visible, seenBefore }: Viewer) {
    const sight = await sightOf(names, visible, seenBefore);
    const candidates = await findImages(db, question, visible);
    const { places, next } = await pageOfPlaces(db, candidates, wish, sight);
    const packages = await packagesOf(db, candidates, places);
    const { files: asked } = candidates;
    const ids = [...new Set(places.map(({ imageId }) => imageId))];
    const files = asked && (await filesOfImages(db, layerFiles, ids, asked));
    const isMeant = (id: number) => !files || files.has(id) || asked?.meant?.has(id) === true;
    const meant = places.filter(({ imageId }) => isMeant(imageId));
    const tags = await tagsNow(db, meant, mostTags);
    const hits = meant.map((place, index) => ({
      place,
      hit: {
        repository: place.repository,
        digest: place.digest,
        tags: tags[index]!,
        ...packages?.get(place.imageId),
        ...files?.get(place.imageId),
      } satisfies Hit,
    }));
    const unknown = await countUnknown(db, sight, asked !== undefined);
    return { hits, ...(next !== undefined && { next }), ...unknown };
  }

  return {
    find: (question, wish, viewer) =>
      turn(async () => {
        const { hits, ...rest } = await page(question, wish, viewer);
        return { images: hits.map(({ hit }) => hit), ...rest };
      }),
    exposure: (question, wish, viewer) =>
      turn(async () => {
        const { hits, ...rest } = await page(question, wish, viewer);
        const places = hits.map(({ place }) => place);
        const [times, pullers, judged] = await Promise.all([
          tagTimes(db, places, mostTagTimes),
          pullsOf(db, places, viewer.seesPulls ? mostPulls : 1),
          verdictsOfPage(verdicts, places),
        ]);
        const images = hits.flatMap(({ hit }, index): ExposedImage[] => {
          const verdict = judged[index];
          if (verdict === undefined) return []; // deleted since it was found
          const pulls = pullers[index]!;
          const tagged = times[index]!.map(({ tag, since, until }) => ({
            tag,
            since: since.toISOString(),
            ...(until && { until: until.toISOString() }),
          }));
          return [
            {
              ...hit,
              tagged,
              verdict,
              lastPulled: pulls[0]?.at ?? null,
              ...(viewer.seesPulls && { pulls }),
            },
          ];
        });
        return { images, ...rest };
      }),
  };
}

async function packagesOf(
  db: Db,
  { packages, undecided }: Candidates,
  places: readonly FoundPlace[],
): Promise<Map<number, Pick<Hit, 'packages' | 'morePackages'>> | undefined> {
  if (!packages) return undefined;
  const ids = [...new Set(places.map((place) => place.imageId))];
  const found = await packagesOfImages(db, ids, packages, mostPackages);
  return new Map(
    [...found].map(([id, of]) => [
      id,
      {
        packages: of.packages.map((one) => shown(one, undecided)),
        ...(of.more > 0 && { morePackages: of.more }),
      },
    ]),
  );
}

function shown(one: FoundPackage, undecided: ReadonlySet<number> | undefined): HitPackage {
  const { name, version, ecosystem, purl, licence } = one;
  return {
    name,
    version,
    ecosystem,
    purl,
    ...(licence !== null && { licence }),
    ...(undecided?.has(one.id) && { undecided: true }),
  };
}

/** Lets so many go on at a time, the others in the order in which they came. */
function turns(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: Array<() => void> = [];
  let busy = 0;
  return async (work) => {
    if (busy >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else busy += 1;
    try {
      return await work();
    } finally {
      // Who waits takes over the place.
      const next = waiting.shift();
      if (next) next();
      else busy -= 1;
    }
  };
}
