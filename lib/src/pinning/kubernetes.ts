import { isMap, isScalar, isSeq, type YAMLMap } from 'yaml';
import { WharfingerError } from '../errors.ts';
import type { ImageUse } from './image-use.ts';
import { findField, refuseTemplate, resolveNode, scalarText, type YamlSource } from './yaml-source.ts';
import { useOfScalar } from './yaml-use.ts';

const containerLists: ReadonlySet<string> = new Set(['containers', 'initContainers', 'ephemeralContainers']);

/** Lists may be named again by aliases, so that a small file could name very many containers. */
const mostContainers = 100_000;

interface Place {
  readonly counted: { containers: number };
  /** Kind/name of the innermost object */
  readonly object: string;
  readonly path: string;
}

/**
 * Images of Kubernetes objects: of containers of every kind, and of image volumes. Pod templates are known by their shape, so
 * that those inside of custom resources and lists count too.
 *
 * @throws WharfingerError PIN_REFUSED for a Helm template and for a kustomization
 */
export function* kubernetesImages(source: YamlSource): Generator<ImageUse> {
  const counted = { containers: 0 };
  for (const [at, document] of source.documents.entries()) {
    const place = { counted, object: source.documents.length > 1 ? `document ${at + 1}` : '', path: '' };
    for (const use of walk(source, document.contents, place)) {
      if (/\{\{-?\s*(?:\.(?:Values|Chart|Release)\b|include\b|template\b|tpl\b)/.test(use.reference))
        refuseTemplate();
      yield use;
    }
  }
}

/** Aliases are not followed, but where an image may be: each node is visited once, whatever the number of its aliases. */
function* walk(source: YamlSource, node: unknown, place: Place): Generator<ImageUse> {
  if (isSeq(node)) {
    for (const [at, item] of node.items.entries()) {
      yield* walk(source, item, { ...place, path: `${place.path}[${at}]` });
    }
  }
  if (!isMap(node)) return;
  const here = enter(source, node, place);
  for (const { key, value } of node.items) {
    const name = isScalar(key) ? String(key.value) : '?';
    const inside = { ...here, path: here.path === '' ? name : `${here.path}.${name}` };
    if (containerLists.has(name) || name === 'volumes') {
      const list = resolveNode(source, value)?.node;
      for (const [at, item] of (isSeq(list) ? list.items : []).entries()) {
        here.counted.containers += 1;
        if (here.counted.containers > mostContainers) {
          throw new WharfingerError('PIN_REFUSED', { what: `it has more than ${mostContainers} containers` });
        }
        const entry = resolveNode(source, item)?.node;
        const element = { ...inside, path: `${inside.path}[${at}]` };
        const use = isMap(entry) ? imageOf(source, entry, name, element) : undefined;
        if (use !== undefined) yield use;
      }
    }
    yield* walk(source, value, inside);
  }
}

function enter(source: YamlSource, map: YAMLMap, place: Place): Place {
  const kind = map.has('apiVersion') ? scalarText(findField(source, map, 'kind')) : undefined;
  if (kind === undefined) return place;
  if (kind === 'Kustomization') {
    throw new WharfingerError('PIN_REFUSED', {
      what: 'it is a kustomization',
      remedy: 'pin the manifests that it takes in, or write digest: under its images',
    });
  }
  const metadata = findField(source, map, 'metadata')?.node;
  const name = isMap(metadata) ? scalarText(findField(source, metadata, 'name')) : undefined;
  return { ...place, object: name === undefined ? kind : `${kind}/${name}`, path: '' };
}

function imageOf(source: YamlSource, entry: YAMLMap, list: string, place: Place): ImageUse | undefined {
  const name = scalarText(findField(source, entry, 'name'));
  const where = [place.object, place.path, name === undefined ? '' : `(${name})`].filter(Boolean).join(' ');
  const image = findField(source, entry, 'image');
  if (list !== 'volumes') return useOfScalar(source, image, where);
  const volume = image?.node;
  return isMap(volume) ? useOfScalar(source, findField(source, volume, 'reference'), where) : undefined;
}
