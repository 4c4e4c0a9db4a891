import { WharfingerError } from '../errors.ts';
import { composeImages } from './compose.ts';
import { dockerfileImages } from './dockerfile.ts';
import { kindOfName, kindOfYaml, looksLikeDockerfile } from './file-kind.ts';
import { helmImages } from './helm-values.ts';
import type { FileKind, ImageUse } from './image-use.ts';
import { kubernetesImages } from './kubernetes.ts';
import { parseYaml } from './yaml-source.ts';

const mostUses = 10_000;

/** What is known of a file beforehand. */
export interface FileHint {
  /** absent: told by name and content */
  readonly kind?: FileKind;
  /** path or name of the file */
  readonly name?: string;
}

/** The images that a file names. */
export interface FoundImages {
  readonly kind: FileKind;
  /** in the order of the file */
  readonly uses: readonly ImageUse[];
}

/**
 * Finds the images that a file names, pinned or not, and those that cannot be pinned, with the reason.
 * @throws WharfingerError PIN_REFUSED where the file is none of the kinds, is broken, or is a Helm template
 */
export function findImages(text: string, hint: FileHint = {}): FoundImages {
  const prefix = hint.name === undefined ? '' : `${hint.name}: `;
  try {
    const { kind, images } = open(text, hint);
    const uses: ImageUse[] = [];
    for (const use of images) {
      if (uses.length === mostUses) {
        throw new WharfingerError('PIN_REFUSED', { what: `it names more than ${mostUses} images` });
      }
      uses.push(use);
    }
    return { kind, uses };
  } catch (error) {
    // The parsers recurse: what is nested too deeply for them is not a file that somebody wrote.
    if (error instanceof RangeError) {
      throw new WharfingerError('PIN_REFUSED', { what: `${prefix}it is nested too deeply`, cause: error });
    }
    throw error;
  }
}

const readers = {
  kubernetes: kubernetesImages,
  compose: composeImages,
  'helm-values': helmImages,
} as const;

function open(text: string, { kind, name }: FileHint): { kind: FileKind; images: Iterable<ImageUse> } {
  const known = kind ?? (name === undefined ? undefined : kindOfName(name));
  const isYaml = /\.ya?ml$/i.test(name ?? '');
  if (known === 'dockerfile' || (known === undefined && !isYaml && looksLikeDockerfile(text))) {
    return { kind: 'dockerfile', images: dockerfileImages(text) };
  }
  const source = parseYaml(text);
  const found = known ?? kindOfYaml(source, name);
  return { kind: found, images: readers[found](source) };
}
