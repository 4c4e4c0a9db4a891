import { isMap, isScalar, isSeq, type YAMLMap } from 'yaml';
import { imageUse, type ImageUse } from './image-use.ts';
import {
  findField,
  resolveNode,
  scalarRange,
  scalarText,
  type FoundNode,
  type YamlSource,
} from './yaml-source.ts';
import { useOfScalar } from './yaml-use.ts';

interface Values {
  readonly source: YamlSource;
  /** global.imageRegistry, which takes the place of each `registry` */
  readonly registry: string | undefined;
}

/**
 * Images of Helm values, in the shapes that charts use: a map of registry, repository (or name), tag, digest (or sha); a
 * text under `image` or `…Image`; such a text with `tag` or `imageTag` beside it.
 */
export function* helmImages(source: YamlSource): Generator<ImageUse> {
  for (const document of source.documents) {
    if (!isMap(document.contents)) continue;
    const global = findField(source, document.contents, 'global')?.node;
    const registry = isMap(global) ? scalarText(findField(source, global, 'imageRegistry')) : undefined;
    yield* walk({ source, registry: registry || undefined }, document.contents, '', '');
  }
}

/** Aliases are not followed: each node is visited once, whatever the number of its aliases. */
function* walk(values: Values, node: unknown, key: string, path: string): Generator<ImageUse> {
  if (isSeq(node)) {
    for (const [at, item] of node.items.entries()) yield* walk(values, item, key, `${path}[${at}]`);
  }
  if (!isMap(node)) return;
  const parts = partsOf(values, node, key);
  if (parts !== undefined) {
    yield useOfParts(values, node, parts, path);
    return;
  }
  for (const { key: childKey, value } of node.items) {
    const name = isScalar(childKey) ? String(childKey.value) : '?';
    const inside = path === '' ? name : `${path}.${name}`;
    const found = resolveNode(values.source, value);
    const text = scalarText(found);
    if (text === undefined) yield* walk(values, value, name, inside);
    else if (isImageText(name, text)) {
      const use = useOfScalar(values.source, found, inside);
      if (use !== undefined) yield use;
    }
  }
}

/** `image` says it all; other keys such as initImage must look like a reference besides. */
function isImageText(key: string, text: string): boolean {
  if (text === '') return false;
  return key === 'image' || (/(?:^i|[a-z0-9]I)mage$/.test(key) && /[:/@]/.test(text));
}

interface Parts {
  readonly repository: string;
  readonly tag: FoundNode | undefined;
  /** `image` beside `tag`: the rest of the map is about something else */
  readonly registry: string | undefined;
}

/** The parts of an image, where this map is about one. */
function partsOf(values: Values, map: YAMLMap, key: string): Parts | undefined {
  const field = (name: string): FoundNode | undefined => findField(values.source, map, name);
  const aboutImage = /image$/i.test(key);
  const own = scalarText(field('registry'));
  const registry = own === undefined ? undefined : (values.registry ?? own);
  const repository = scalarText(field('repository'));
  if (repository && !/^[a-z]+:\/\//.test(repository)) {
    const named = ['registry', 'tag', 'digest', 'sha'].some((name) => field(name) !== undefined);
    return aboutImage || named ? { repository, tag: field('tag'), registry } : undefined;
  }
  const name = scalarText(field('name'));
  if (aboutImage && name && field('tag') !== undefined)
    return { repository: name, tag: field('tag'), registry };
  const image = scalarText(field('image'));
  const tag = field('imageTag') ?? field('tag');
  return image && scalarText(tag) !== undefined && !/[@:][^/]*$/.test(image)
    ? { repository: image, tag, registry }
    : undefined;
}

function useOfParts(values: Values, map: YAMLMap, parts: Parts, where: string): ImageUse {
  const { source } = values;
  const digestField = findField(source, map, 'digest');
  const shaField = digestField === undefined ? findField(source, map, 'sha') : undefined;
  const target = digestField ?? shaField ?? parts.tag;
  const tag = scalarText(parts.tag) ?? '';
  const digest = scalarText(digestField) || prefixed('sha256:', scalarText(shaField));
  const node = isScalar(target?.node) ? target.node : undefined;
  const range = node === undefined ? undefined : scalarRange(source, node);
  const [start, end] = node?.range ?? map.range ?? [0, 0];
  const place = range ?? { start, end };
  const written = source.text.slice(place.start, place.end);
  const reference = [
    prefixed('', parts.registry, '/'),
    parts.repository,
    prefixed(':', tag),
    prefixed('@', digest),
  ];
  const skip = ((): string | undefined => {
    if (tag === '' && digest === '') return 'the tag is left to the chart; write it here';
    if (target?.shared === true)
      return 'tag or digest are shared with other images by an anchor; write them out';
    if (range === undefined) return `the tag reads as ${tag}, but is written ${written}; quote it`;
    return undefined;
  })();
  return imageUse(
    {
      reference: reference.join(''),
      where,
      line: source.lineOf(start),
      range: place,
      source: written,
      form: digestField !== undefined ? 'digest' : shaField !== undefined ? 'hex' : 'suffix',
    },
    skip,
  );
}

function prefixed(before: string, text: string | undefined, after = ''): string {
  return text ? `${before}${text}${after}` : '';
}
