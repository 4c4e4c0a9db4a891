import { isMap, isScalar, isSeq, type YAMLMap } from 'yaml';
import type { ImageUse } from './image-use.ts';
import { findField, resolveNode, scalarText, type YamlSource } from './yaml-source.ts';
import { useOfScalar } from './yaml-use.ts';

/** Images of the services of a Compose file, and of their image volumes. A service that is built here pulls none. */
export function* composeImages(source: YamlSource): Generator<ImageUse> {
  for (const document of source.documents) {
    if (!isMap(document.contents)) continue;
    const services = findField(source, document.contents, 'services')?.node;
    for (const { key, value } of isMap(services) ? services.items : []) {
      const service = resolveNode(source, value)?.node;
      const path = `services.${isScalar(key) ? String(key.value) : '?'}`;
      if (isMap(service)) yield* serviceImages(source, service, path);
    }
  }
}

function* serviceImages(source: YamlSource, service: YAMLMap, path: string): Generator<ImageUse> {
  const built = findField(source, service, 'build') !== undefined;
  const use = useOfScalar(
    source,
    findField(source, service, 'image'),
    `${path}.image`,
    built ? 'the image is built here: this is the name that it gets' : undefined,
  );
  if (use !== undefined) yield use;
  const volumes = findField(source, service, 'volumes')?.node;
  for (const [at, item] of (isSeq(volumes) ? volumes.items : []).entries()) {
    const volume = resolveNode(source, item)?.node;
    if (!isMap(volume) || scalarText(findField(source, volume, 'type')) !== 'image') continue;
    const mounted = useOfScalar(source, findField(source, volume, 'source'), `${path}.volumes[${at}].source`);
    if (mounted !== undefined) yield mounted;
  }
}
