import { basename } from 'node:path';
import type { JudgedImage } from '@wharfinger/lib/assess/judge-content';
import { locateImage, type ImageLocation } from '@wharfinger/lib/client/image-location';
import type { ImageSource } from '@wharfinger/lib/client/image-source';
import { openContent } from '@wharfinger/lib/client/open-content';
import { openImage } from '@wharfinger/lib/client/open-image';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { ImageInventory } from '@wharfinger/lib/inspect/inventory';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { isRepositoryName } from '@wharfinger/lib/oci/reference';
import { ownPlatform, type ImageOptions } from './image-options.ts';
import type { KnownImage } from './image-question.ts';
import { advisoriesOrNote } from './known-advisories.ts';
import type { Progress } from './progress.ts';
import { registrySession } from './remote-image.ts';
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
  const repository = repositoryOf(await locateImage(image), options.as);
  // Loaded where something is judged here: help, and questions that a registry answers, need none of it.
  const { assessImage } = await import('@wharfinger/lib/assess/assess-image');
  const { matchAdvisories } = await import('@wharfinger/lib/assess/match-advisories');
  const { judgementFor } = await import('./local-judgement.ts');
  const judgement = await judgementFor(options, session);
  const advisories = await advisoriesOrNote(options.advisories, session);
  const source = await openImage(image, {
    platform: options.platform ?? ownPlatform,
    session: (registry) => registrySession(registry, session),
  });
  const progress = session.progress();
  try {
    const { facts, inventory, verdict } = await assessImage(source, {
      repository,
      judgement,
      purpose: options.purpose ?? 'pull',
      now: session.now(),
      findMatches: advisories && ((packages) => matchAdvisories(advisories, packages)),
      inspectLayers: (layers) => session.inspectLayers(inputsOf(layers, progress)),
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

/** An image or index that was judged here, with what lies in it. */
export type JudgedHere = JudgedImage & {
  /** as the user named it, in full */
  readonly image: string;
};

/**
 * Judges an image on this machine, whatever its registry says of it: an index with all images that lie in it, or with those
 * for the platform that is asked for. Its layers are read in the same limited process as in the registry.
 *
 * @throws WharfingerError of every kind that finding, reading and judging an image has
 */
export async function judgeHere(image: string, options: ImageOptions, session: Session): Promise<JudgedHere> {
  const repository = repositoryOf(await locateImage(image), options.as);
  const { judgeContent } = await import('@wharfinger/lib/assess/judge-content');
  const { judgementFor } = await import('./local-judgement.ts');
  const judgement = await judgementFor(options, session);
  const advisories = await advisoriesOrNote(options.advisories, session);
  const { platform } = options;
  const opened = await openContent(image, { session: (registry) => registrySession(registry, session) });
  const { name, content, fetched, contentOf } = opened;
  const progress = session.progress();
  try {
    const judged = await judgeContent(content, fetched, {
      repository,
      judgement,
      purpose: options.purpose ?? 'pull',
      now: session.now(),
      advisories,
      evidenceOf: (other) => (other === repository ? content : contentOf(other)),
      inspectLayers: (layers) => session.inspectLayers(inputsOf(layers, progress)),
      ...(platform === undefined ? {} : { platform }),
    });
    return { image: name, ...judged };
  } finally {
    progress.end();
    await opened.close();
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
