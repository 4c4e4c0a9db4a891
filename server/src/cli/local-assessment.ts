import { basename } from 'node:path';
import { assessImage } from '@wharfinger/lib/assess/assess-image';
import { locateImage, type ImageLocation } from '@wharfinger/lib/client/image-location';
import type { ImageSource } from '@wharfinger/lib/client/image-source';
import { openImage } from '@wharfinger/lib/client/open-image';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { ImageInventory } from '@wharfinger/lib/inspect/inventory';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { isRepositoryName } from '@wharfinger/lib/oci/reference';
import { inspectLayers } from '../inspection/inspect-process.ts';
import { findLogin } from './credentials.ts';
import { ownPlatform, type ImageOptions } from './image-options.ts';
import type { KnownImage } from './image-question.ts';
import { matcherFor } from './local-advisories.ts';
import { judgementFor } from './local-judgement.ts';
import type { Progress } from './progress.ts';
import type { Session } from './session.ts';

/** What was found out here, without a server. */
export interface AssessedImage extends KnownImage {
  readonly digest: Digest;
  /** the index that the image was chosen from */
  readonly index?: Digest;
  readonly inventory: ImageInventory;
}

/**
 * Takes an image apart on this machine, matches, verifies and judges it. Its layers are read in the same limited process
 * as in the registry.
 *
 * @throws WharfingerError of every kind that finding, reading and judging an image has
 */
export async function assessHere(
  image: string,
  options: ImageOptions,
  session: Session,
): Promise<AssessedImage> {
  const location = await locateImage(image);
  const repository = repositoryOf(location, options.as);
  const judgement = await judgementFor(options, session);
  const findMatches = await matcherFor(options.advisories, session);
  const credentials =
    location.kind === 'registry'
      ? await findLogin(location.reference.registry, session.environment)
      : undefined;
  const source = await openImage(image, {
    platform: options.platform ?? ownPlatform,
    session: (registry) =>
      new RegistrySession(registry, {
        insecure: session.plainHttp,
        userAgent: 'wharf',
        ...(credentials === undefined ? {} : { credentials }),
      }),
  });
  const progress = session.progress();
  try {
    const { facts, inventory, verdict } = await assessImage(source, {
      repository,
      judgement,
      purpose: options.purpose ?? 'pull',
      now: session.now(),
      findMatches,
      inspectLayers: (layers) => inspectLayers(inputsOf(layers, progress)),
    });
    const { name, digest, index } = source;
    return {
      image: name,
      judgedBy: 'local',
      digest,
      ...(index === undefined ? {} : { index }),
      facts,
      inventory,
      verdict,
    };
  } finally {
    progress.end();
    await source.close();
  }
}

/** Layers as the inspecting process takes them. */
export function inputsOf(layers: ImageSource['layers'], progress: Progress) {
  return layers.map((layer, index) => ({
    digest: layer.descriptor.digest,
    source: {
      async *stream() {
        let done = 0;
        for await (const chunk of layer.open()) {
          done += chunk.length;
          progress.update(`reading layer ${index + 1} of ${layers.length}`, done, layer.descriptor.size);
          yield chunk;
        }
      },
    },
  }));
}

/** The repository as whose image it is judged: rules and trusted keys are given by repository. */
function repositoryOf(location: ImageLocation, as: string | undefined): string {
  if (as !== undefined) {
    if (isRepositoryName(as)) return as;
    throw new WharfingerError('USAGE', {
      what: `--as ${JSON.stringify(as)} is not the name of a repository`,
    });
  }
  if (location.kind === 'registry') return location.reference.repository;
  const name = basename(location.path)
    .toLowerCase()
    .replace(/\.(?:tar|tgz)(?:\.\w+)?$/, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
  return isRepositoryName(name) ? name : 'local';
}
