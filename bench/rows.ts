import { sendRequests, pushImages, requestText } from './generator.ts';
import { manifestOf } from './image.ts';
import { authorizationOf, tagOf } from './repositories.ts';
import type { RunningServer } from './running-server.ts';
import type { SeedRepository } from './servers/server.ts';

/** One line of the table: something that every server is asked to do. */
export interface Row {
  /** group, for `--only` */
  readonly group: 'manifest' | 'list' | 'blob' | 'tag-put' | 'push';
  readonly name: string;
  readonly unit: string;
  measure(server: RunningServer, round: number): Promise<number>;
}

const mebibyte = 1 << 20;

/** Rows over what was seeded. `seconds` is how long each rate is measured. */
export function rowsFor(
  tagged: readonly SeedRepository[],
  blobs: SeedRepository,
  seconds: number,
  images: { small: number; large: number; largeSize: number },
): Row[] {
  return [
    ...tagged.flatMap((repository) => manifestRows(repository, seconds)),
    ...tagged.map((repository) => listRow(repository, seconds)),
    ...blobs.blobs.slice(1).map((blob) => blobRow(blobs.name, blob, seconds)),
    ...tagged.map((repository) => tagPutRow(repository)),
    pushRow(mebibyte, images.small, 8),
    pushRow(images.largeSize, images.large, 2),
  ];
}

function manifestRows(repository: SeedRepository, seconds: number): Row[] {
  const count = repository.manifests.size;
  // more than a cache line's worth of tags, spread over the whole repository
  const step = Math.ceil(count / 1000);
  const tags = Array.from({ length: Math.ceil(count / step) }, (_, index) => tagOf(index * step));
  const digests = tags.map((tag) => repository.manifests.get(tag)!.digest);
  return ['GET', 'HEAD'].flatMap((method) =>
    [
      { by: 'tag', references: tags },
      { by: 'digest', references: digests },
    ].map(({ by, references }): Row => ({
      group: 'manifest',
      name: `manifest ${method} by ${by}, ${count.toLocaleString('en')} tags`,
      unit: 'per s',
      async measure(server) {
        const requests = references.map((reference) =>
          requestText(server, method, `/v2/${repository.name}/manifests/${reference}`),
        );
        const { answers, seconds: took } = await sendRequests({
          port: server.port,
          connections: 16,
          seconds,
          requests,
        });
        return answers / took;
      },
    })),
  );
}

function listRow(repository: SeedRepository, seconds: number): Row {
  return {
    group: 'list',
    name: `first 100 tags of ${repository.manifests.size.toLocaleString('en')}`,
    unit: 'per s',
    async measure(server) {
      const requests = [requestText(server, 'GET', `/v2/${repository.name}/tags/list?n=100`)];
      const task = { port: server.port, connections: 1, seconds, requests };
      const { answers, seconds: took } = await sendRequests(task);
      return answers / took;
    },
  };
}

function blobRow(repository: string, blob: { digest: string; size: number }, seconds: number): Row {
  const large = blob.size > 8 * mebibyte;
  return {
    group: 'blob',
    name: `blob GET ${blob.size / mebibyte} MiB, ${large ? 1 : 8} at once`,
    unit: 'MB/s',
    async measure(server) {
      const requests = [requestText(server, 'GET', `/v2/${repository}/blobs/${blob.digest}`)];
      const task = { port: server.port, connections: large ? 1 : 8, seconds, requests };
      const { bytes, seconds: took } = await sendRequests(task);
      return bytes / took / 1e6;
    },
  };
}

function tagPutRow(repository: SeedRepository): Row {
  const count = 400;
  return {
    group: 'tag-put',
    name: `tag PUT, new manifest, into ${repository.manifests.size.toLocaleString('en')} tags`,
    unit: 'per s',
    async measure(server, round) {
      const [config, layer] = repository.blobs;
      const requests = Array.from({ length: count }, (_, index) => {
        const mark = `put-${round}-${index}`;
        const { bytes, mediaType } = manifestOf(config!, [layer!], mark);
        const path = `/v2/${repository.name}/manifests/${mark}`;
        return requestText(server, 'PUT', path, { type: mediaType, bytes });
      });
      const { answers, seconds } = await sendRequests({
        port: server.port,
        connections: 16,
        seconds: 600,
        count,
        requests,
      });
      return answers / seconds;
    },
  };
}

function pushRow(layerSize: number, images: number, atOnce: number): Row {
  return {
    group: 'push',
    name: `push of unique ${layerSize / mebibyte} MiB images, ${atOnce} at once`,
    unit: 'per s',
    async measure(server, round) {
      const { seconds } = await pushImages({
        port: server.port,
        ...authorizationOf(server),
        repository: `bench/push-${layerSize / mebibyte}-${round}`,
        layerSize,
        images,
        atOnce,
      });
      return images / seconds;
    },
  };
}
