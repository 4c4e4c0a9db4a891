import { createHash } from 'node:crypto';
import type { Digest } from '../../oci/digest.ts';
import type { ImageInventory, Package } from '../inventory.ts';

/** What an SBOM is about, and when it was made. */
export interface SbomSubject {
  readonly digest: Digest;
  /** name of the image, such as its repository */
  readonly name: string;
  readonly time: Date;
  /** index of the layer whose packages it lists, those that the image has of it; absent: all of the image */
  readonly layer?: number;
}

/** A JSON value of a document. */
export type SbomDocument = Readonly<Record<string, unknown>>;

/** The packages of the subject in the order of the inventory, each once, with a key of its own. */
export function packagesOf(
  inventory: ImageInventory,
  { layer }: SbomSubject,
): ReadonlyArray<readonly [key: string, found: Package]> {
  const wanted = inventory.packages.filter((found) => layer === undefined || found.layer === layer);
  // A package that a file records twice is one.
  return [...new Map(wanted.map((found) => [`${found.purl}#${found.path}`, found]))];
}

/** The group and the name of a package, as its ecosystem tells them apart. */
export function splitName({ type, name }: Pick<Package, 'type' | 'name'>): { group?: string; name: string } {
  const end = type === 'maven' ? name.indexOf(':') : name.lastIndexOf('/');
  const isGrouped = (type === 'npm' || type === 'composer' || type === 'maven') && end > 0;
  return isGrouped ? { group: name.slice(0, end), name: name.slice(end + 1) } : { name };
}

/** The digest and the name of the subject: of the layer, where one is meant. */
export function subjectParts(
  inventory: ImageInventory,
  { digest, name, layer }: SbomSubject,
): { digest: Digest; name: string } {
  const measured = layer === undefined ? undefined : inventory.layers[layer];
  return measured === undefined
    ? { digest, name }
    : { digest: measured.digest, name: `${name}, layer ${layer}` };
}

/** What the inventory lacks, one line for each reason. */
export function gapsOf({ problems, complete }: ImageInventory): readonly string[] {
  const gaps = problems
    .filter(({ hides }) => hides)
    .map(({ code, message, path }) => `${code}: ${path === undefined ? message : `${path}: ${message}`}`);
  return gaps.length === 0 && !complete ? ['something could not be read'] : gaps;
}

/** 64 hexadecimal digits that follow from texts. */
export function hexOf(...texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex');
}
