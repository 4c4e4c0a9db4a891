import { WharfingerError } from '../../errors.ts';
import type { ImageInventory } from '../inventory.ts';
import { toCycloneDx, type CycloneDxVersion } from './cyclonedx.ts';
import type { SbomDocument, SbomSubject } from './sbom-parts.ts';
import { toSpdx } from './spdx.ts';

/** Formats of SBOMs. */
export const sbomFormats = ['cyclonedx', 'spdx'] as const;

export type SbomFormat = (typeof sbomFormats)[number];

/** How an SBOM is written. */
export interface SbomStyle {
  readonly format: SbomFormat;
  /** of CycloneDX; SPDX is 2.3 */
  readonly version: CycloneDxVersion;
}

/**
 * Writes the SBOM of an image, or of one of its layers.
 * @throws WharfingerError INPUT_INVALID where it has no such layer
 */
export function writeSbom(
  inventory: ImageInventory,
  subject: SbomSubject,
  { format, version }: SbomStyle,
): SbomDocument {
  const { layer } = subject;
  if (layer !== undefined && inventory.layers[layer] === undefined) {
    throw new WharfingerError('INPUT_INVALID', {
      what: `${subject.digest} has no layer ${layer}: it has ${inventory.layers.length}, counted from 0`,
      remedy: 'give the index of one of its layers',
    });
  }
  return format === 'spdx' ? toSpdx(inventory, subject) : toCycloneDx(inventory, subject, version);
}
