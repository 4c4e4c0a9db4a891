import { WharfingerError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { ContentSource } from './content-source.ts';
import { collect } from './verified-stream.ts';

/** Larger image configurations are not read. */
export const configLimit = 8 * 1024 * 1024;

/**
 * Reads an image's config, checked and bounded.
 * @throws WharfingerError SIZE_INVALID; what the source throws
 */
export async function readConfig(content: ContentSource, descriptor: Descriptor): Promise<Uint8Array> {
  if (descriptor.size > configLimit) {
    throw new WharfingerError('SIZE_INVALID', {
      what: `${content.name}: the config is ${descriptor.size} bytes, more than the ${configLimit} that are read`,
      remedy: 'the image is not one that engines accept; build it again',
    });
  }
  return collect(content.open(descriptor));
}
