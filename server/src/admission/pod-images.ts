import { WharfingerError } from '@wharfinger/lib/errors';

/** A place in an object where an image is named. */
export interface ImagePlace {
  /** for people: `container app`, `image volume data` */
  readonly where: string;
  /** JSON pointer (RFC 6901) to the name */
  readonly pointer: string;
  readonly image: string;
}

const containerLists = [
  ['initContainers', 'init container'],
  ['containers', 'container'],
  ['ephemeralContainers', 'ephemeral container'],
] as const;

/** More places than any pod has. */
const mostPlaces = 500;

/**
 * Every image that a pod specification would have pulled: of containers, init and ephemeral containers, and of volumes that are
 * images. What does not look as Kubernetes defines it is refused, never left out.
 *
 * @param path names of the fields that lead to the pod specification
 * @throws WharfingerError REVIEW_INVALID
 */
export function imagesOf(object: unknown, path: readonly string[]): ImagePlace[] {
  const where = path.join('.');
  let spec: unknown = object;
  for (const field of path) spec = isFields(spec) ? spec[field] : undefined;
  if (!isFields(spec)) throw malformed(`it has no pod specification at ${where}`);
  const base = path.map((field) => `/${escapePointer(field)}`).join('');
  const places: ImagePlace[] = [];
  for (const [list, noun] of containerLists) {
    for (const [index, container] of listAt(spec, list, where)) {
      const at = `${where}.${list}[${index}]`;
      const image = textAt(container['image'], `${at}.image`);
      places.push({
        where: nameOf(noun, container, index),
        pointer: `${base}/${list}/${index}/image`,
        image,
      });
    }
  }
  for (const [index, volume] of listAt(spec, 'volumes', where)) {
    const source = volume['image'];
    if (source === undefined || source === null) continue;
    const at = `${where}.volumes[${index}].image`;
    if (!isFields(source)) throw malformed(`${at} is not an object`);
    places.push({
      where: nameOf('image volume', volume, index),
      pointer: `${base}/volumes/${index}/image/reference`,
      image: textAt(source['reference'], `${at}.reference`),
    });
  }
  if (places.length > mostPlaces) throw malformed(`it names more than ${mostPlaces} images`);
  return places;
}

/** The places of `after` whose image `before` does not name anywhere: what is new. */
export function newImages(before: readonly ImagePlace[], after: readonly ImagePlace[]): ImagePlace[] {
  const known = new Set(before.map(({ image }) => image));
  return after.filter(({ image }) => !known.has(image));
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listAt(spec: Fields, list: string, where: string): Array<[number, Fields]> {
  const value = spec[list] ?? [];
  if (!Array.isArray(value)) throw malformed(`${where}.${list} is not a list`);
  return value.map((item: unknown, index) => {
    if (!isFields(item)) throw malformed(`${where}.${list}[${index}] is not an object`);
    return [index, item];
  });
}

function textAt(value: unknown, where: string): string {
  if (typeof value !== 'string' || value === '') throw malformed(`${where} names no image`);
  return value;
}

function nameOf(noun: string, item: Fields, index: number): string {
  return typeof item['name'] === 'string' ? `${noun} ${item['name'].slice(0, 100)}` : `${noun} ${index}`;
}

function escapePointer(field: string): string {
  return field.replaceAll('~', '~0').replaceAll('/', '~1');
}

function malformed(what: string): WharfingerError {
  return new WharfingerError('REVIEW_INVALID', { what });
}
