import { isMap, isScalar, isSeq, type Document, type YAMLMap } from 'yaml';
import type { ImageUse } from './image-use.ts';
import { findField, resolveNode, scalarText, type YamlSource } from './yaml-source.ts';
import { useOfScalar } from './yaml-use.ts';

/** Images of the services of a Compose file, and of their image volumes. A service that is built here pulls none. */
export function* composeImages(source: YamlSource): Generator<ImageUse> {
  for (const document of source.documents) {
    if (!isMap(document.contents)) continue;
    const services = findField(document, document.contents, 'services')?.node;
    for (const { key, value } of isMap(services) ? services.items : []) {
      const service = resolveNode(document, value)?.node;
      const path = `services.${isScalar(key) ? String(key.value) : '?'}`;
      if (isMap(service)) yield* serviceImages(source, document, service, path);
    }
  }
}

function* serviceImages(
  source: YamlSource,
  document: Document.Parsed,
  service: YAMLMap,
  path: string,
): Generator<ImageUse> {
  const built = findField(document, service, 'build') !== undefined;
  const use = useOfScalar(
    source,
    findField(document, service, 'image'),
    `${path}.image`,
    built ? 'the image is built here: this is the name that it gets' : undefined,
  );
  if (use !== undefined) yield use;
  const volumes = findField(document, service, 'volumes')?.node;
  for (const [at, item] of (isSeq(volumes) ? volumes.items : []).entries()) {
    const volume = resolveNode(document, item)?.node;
    if (!isMap(volume) || scalarText(findField(document, volume, 'type')) !== 'image') continue;
    const mounted = useOfScalar(
      source,
      findField(document, volume, 'source'),
      `${path}.volumes[${at}].source`,
    );
    if (mounted !== undefined) yield mounted;
  }
}
