import { isMap, isScalar } from 'yaml';
import { WharfingerError } from '../errors.ts';
import type { FileKind } from './image-use.ts';
import type { YamlSource } from './yaml-source.ts';

/** The kinds that are YAML. */
export type YamlKind = Exclude<FileKind, 'dockerfile'>;

const fileName = /[^/\\]*$/;

/** The kind that a name speaks for beyond doubt; undefined: the content must tell. */
export function kindOfName(name: string): FileKind | undefined {
  const base = fileName.exec(name)?.[0] ?? '';
  if (/^(?:docker|container)file(?:\..+)?$/i.test(base) || /\.(?:docker|container)file$/i.test(base)) {
    return 'dockerfile';
  }
  if (/^(?:docker-|podman-)?compose(?:[.-].+)?\.ya?ml$/i.test(base)) return 'compose';
  return undefined;
}

/** True for a text whose first instruction is one that a Dockerfile may begin with. */
export function looksLikeDockerfile(text: string): boolean {
  const line = text.split(/\r\n|\n|\r/).find((candidate) => !/^\uFEFF?\s*(?:#|$)/.test(candidate));
  return line !== undefined && /^\uFEFF?\s*(?:FROM|ARG)\s+[^\s:]/i.test(line);
}

/**
 * The kind of a YAML file: Kubernetes has apiVersion and kind, Compose has services, and Helm values are known by name.
 * @throws WharfingerError PIN_REFUSED where nothing tells
 */
export function kindOfYaml(source: YamlSource, name: string | undefined): YamlKind {
  const roots = source.documents.map((document) => document.contents).filter((root) => isMap(root));
  if (roots.some((root) => root.has('apiVersion') && root.has('kind'))) return 'kubernetes';
  const base = fileName.exec(name ?? '')?.[0] ?? '';
  if (/^(?:.*[-_.])?values(?:[-_.].*)?\.ya?ml$/i.test(base)) return 'helm-values';
  if (roots.some((root) => isMap(root.get('services')))) return 'compose';
  if (roots.some((root) => root.items.some(({ key }) => isScalar(key) && key.value === 'image'))) {
    return 'helm-values';
  }
  throw new WharfingerError('PIN_REFUSED', {
    what: `nothing tells what kind of file ${name ?? 'this'} is`,
    remedy: 'name the kind: kubernetes, helm-values, compose or dockerfile',
  });
}
