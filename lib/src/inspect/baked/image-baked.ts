import type { FileHistory } from '../contamination/file-history.ts';
import type { NotedFile } from '../merged-tree.ts';
import { displayPath } from '../paths.ts';
import { isPublicPath } from '../secrets/public-paths.ts';
import { bakedKinds, bakedRules, type BakedKind, type BakedRule } from './baked-rules.ts';

/** Data, configuration and leftovers in one place of an image. */
export interface BakedPlace {
  /** id of a row of the rules */
  readonly id: string;
  readonly kind: BakedKind;
  /** for people */
  readonly what: string;
  readonly remedy: string;
  /** a file, or a folder with a slash at its end; escaped for display */
  readonly path: string;
  /** index of the layer of its first file, from 0 */
  readonly layer: number;
  readonly files: number;
  readonly bytes: number;
}

/** What an image holds besides code. */
export interface ImageBaked {
  /** false: its files were too many to be followed, or could not all be read */
  readonly complete: boolean;
  /** how many places there are of each kind */
  readonly counts: Readonly<Record<BakedKind, number>>;
  /** the first of each kind, in the order of the kinds and of their paths */
  readonly places: readonly BakedPlace[];
}

/** Places of one kind that are listed. */
export const listedPlaces = 100;

const byId = new Map(bakedRules.map((rule) => [rule.id, rule]));
const withPaths = bakedRules.filter((rule): rule is BakedRule & { path: RegExp } => rule.path !== undefined);
/** Nearly all files are none of these, which one look tells. */
const anyPath = new RegExp(withPaths.map(({ path }) => path.source).join('|'), 'i');

/**
 * Tells what lies in the merged file system besides code. What a package of the distribution brought is left out.
 *
 * @param history undefined: the files were too many to be followed
 * @param isOwn whether a package of the distribution brought the file as it is
 * @param complete false: a layer could not be read whole
 */
export function findBaked(
  history: FileHistory | undefined,
  isOwn: (layer: number, entry: number) => boolean,
  complete: boolean,
): ImageBaked {
  const places = new Map<string, BakedPlace>();
  history?.tree.each((path, node) => {
    if (node.kind !== 'file' || node.entry === undefined) return;
    const bytes = history.columns[node.layer]?.size(node.entry) ?? 0;
    const found = ruleFor(path, node, bytes);
    if (found === undefined || isOwn(node.layer, node.entry)) return;
    const { rule, place } = found;
    const key = `${rule.id} ${place}`;
    const known = places.get(key);
    places.set(key, {
      id: rule.id,
      kind: rule.kind,
      what: rule.what,
      remedy: rule.remedy,
      path: place,
      layer: Math.min(known?.layer ?? node.layer, node.layer),
      files: (known?.files ?? 0) + 1,
      bytes: (known?.bytes ?? 0) + bytes,
    });
  });
  const byKind = Map.groupBy(places.values(), ({ kind }) => kind);
  return {
    complete: complete && history !== undefined,
    counts: Object.fromEntries(
      bakedKinds.map((kind) => [kind, byKind.get(kind)?.length ?? 0]),
    ) as ImageBaked['counts'],
    places: bakedKinds
      .flatMap((kind) =>
        (byKind.get(kind) ?? []).toSorted((a, b) => (a.path < b.path ? -1 : 1)).slice(0, listedPlaces),
      )
      .map((place) => ({ ...place, path: displayPath(place.path) })),
  };
}

function ruleFor(
  path: string,
  { records }: NotedFile,
  bytes: number,
): { readonly rule: BakedRule; readonly place: string } | undefined {
  if (bytes > 0 && anyPath.test(path)) {
    for (const rule of withPaths) {
      const match = bytes >= (rule.least ?? 1) ? rule.path.exec(path) : null;
      if (match === null || (rule.kind === 'data' && isPublicPath(path))) continue;
      return {
        rule,
        place: rule.folder === true ? path.slice(0, match.index + match[0].length) || '/' : path,
      };
    }
  }
  for (const record of records) {
    const rule = record.kind === 'baked' ? byId.get(record.id) : undefined;
    if (rule !== undefined) return { rule, place: path };
  }
  return undefined;
}
