import { isWharfingerError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import { parseReference } from '../oci/reference.ts';

/** Kinds of files that name images. */
export type FileKind = 'kubernetes' | 'helm-values' | 'compose' | 'dockerfile';

/** A piece of a text, in UTF-16 code units as String.slice counts them; `end` is not part of it. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

/** A place in a file that names an image. */
export interface ImageUse {
  /** the image, put together where the file gives it in parts or by variables */
  readonly reference: string;
  /** where it stands, for people: Deployment/web spec.template.spec.containers[0] (app) */
  readonly where: string;
  /** from 1 */
  readonly line: number;
  /** what pinning rewrites; several uses may share it (anchors, ARG) */
  readonly range: TextRange;
  /** the text of that range as it was found */
  readonly source: string;
  /** `suffix`: @digest is appended to the text; `digest`: it becomes the digest; `hex`: it becomes the digest without its algorithm */
  readonly form: 'suffix' | 'digest' | 'hex';
  /** it names a digest already */
  readonly pinned: boolean;
  /** why it cannot be pinned here */
  readonly skip?: string;
}

/** A digest for one use. */
export interface Pin {
  readonly use: ImageUse;
  readonly digest: Digest;
}

/**
 * Completes a use: tells whether it is pinned, and why it cannot be where its text is no image reference.
 * @param skip a reason that is known already
 */
export function imageUse(found: Omit<ImageUse, 'pinned' | 'skip'>, skip?: string): ImageUse {
  const { digest, problem } = readReference(found.reference);
  const reason = skip ?? problem;
  return { ...found, pinned: digest !== undefined, ...(reason === undefined ? {} : { skip: reason }) };
}

function readReference(reference: string): { readonly digest?: Digest; readonly problem?: string } {
  if (reference.includes('{{')) return { problem: 'the reference is computed by a template' };
  if (reference.includes('$')) return { problem: 'the reference is computed from variables' };
  try {
    const { digest } = parseReference(reference);
    return digest === undefined ? {} : { digest };
  } catch (error) {
    if (isWharfingerError(error)) return { problem: error.message };
    throw error;
  }
}
