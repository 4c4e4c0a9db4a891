import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { WharfingerError } from '../errors.ts';
import { parseReference, type Reference } from '../oci/reference.ts';

/** What a text names that is given for an image. */
export type ImageLocation = { readonly kind: 'registry'; readonly reference: Reference } | PathLocation;

/** An image in a folder or a file. */
export interface PathLocation {
  readonly kind: 'folder' | 'archive';
  readonly path: string;
  /** name or digest of the image in it; absent: it holds one */
  readonly reference?: string;
}

/** Prefixes as skopeo and others write them. */
const prefixes: ReadonlyMap<string, 'folder' | 'archive'> = new Map([
  ['oci', 'folder'],
  ['oci-archive', 'archive'],
  ['docker-archive', 'archive'],
]);

const archiveName = /\.(?:tar|tgz|tar\.gz|tar\.zst)$/;

/**
 * Understands what a user gives for an image: `oci:folder[:tag]`, `oci-archive:file[:tag]`, `docker-archive:file[:name]`; a
 * path (beginning with / or ., a folder with a layout in it, or the name of a tar that exists), with `:tag` or `@digest`
 * after it; `docker://reference`; anything else is a reference in a registry.
 *
 * @throws WharfingerError REFERENCE_INVALID; ARCHIVE_INVALID if a path was meant and nothing is there
 */
export async function locateImage(text: string): Promise<ImageLocation> {
  const colon = text.indexOf(':');
  const kind = prefixes.get(text.slice(0, Math.max(colon, 0)));
  if (kind !== undefined) {
    return (await atPath(text.slice(colon + 1))) ?? nothing(text.slice(colon + 1));
  }
  if (text.startsWith('docker://')) {
    return { kind: 'registry', reference: parseReference(text.slice('docker://'.length)) };
  }
  const meansPath = /^\.{0,2}\//.test(text);
  const found = await atPath(text);
  if (meansPath) return found ?? nothing(text);
  if (found !== undefined && (found.kind === 'folder' || archiveName.test(found.path))) return found;
  return { kind: 'registry', reference: parseReference(text) };
}

/** The shortest beginning of the text that is a file or a layout; what follows a colon or @ names the image in it. */
async function atPath(text: string): Promise<PathLocation | undefined> {
  const ends = Array.from(text.matchAll(/[:@]/g), (found) => found.index);
  for (const end of [...ends.slice(0, 16), text.length]) {
    const path = text.slice(0, end);
    const kind = path === '' ? undefined : await kindOf(path);
    if (kind === undefined) continue;
    const reference = text.slice(end + 1);
    return { kind, path, ...(reference === '' ? {} : { reference }) };
  }
  return undefined;
}

async function kindOf(path: string): Promise<'folder' | 'archive' | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  if (!found.isDirectory()) return 'archive';
  const layout = await stat(join(path, 'oci-layout')).catch(() => undefined);
  return layout === undefined ? undefined : 'folder';
}

function nothing(path: string): never {
  throw new WharfingerError('ARCHIVE_INVALID', {
    what: `${path}: there is no file and no OCI layout of this name`,
    remedy: 'check the path; a folder must contain oci-layout',
  });
}
