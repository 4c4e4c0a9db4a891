import { expect, test } from 'vitest';
import { digestOf } from './digest.ts';
import { evidenceTagsOf, holdsAllOf, subjectOfTag } from './evidence-tags.ts';
import { parseManifest } from './manifest.ts';
import { mediaTypes } from './media-types.ts';

const image = digestOf('image');
const part = (signature: string) => ({
  mediaType: mediaTypes.ociLayer,
  digest: image,
  size: 1,
  annotations: { signature, other: 'x' },
});

function carrying(...layers: readonly object[]) {
  const document = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: part(''), layers };
  return parseManifest(Buffer.from(JSON.stringify(document)), mediaTypes.ociManifest);
}

test('the tags of an image lead back to it, and others nowhere', () => {
  const tags = evidenceTagsOf(image);
  expect(tags).toHaveLength(3);
  for (const tag of [...tags, image.replace(':', '-')]) expect(subjectOfTag(tag)).toBe(image);
  for (const tag of ['latest', 'sha256-abc.sig', `x${tags[0]}`, `${tags[0]}.sig`])
    expect(subjectOfTag(tag)).toBeUndefined();
});

test('one manifest holds all of another if it has its signatures too, in any order', () => {
  const both = carrying(part('a'), part('b'));
  expect(holdsAllOf(carrying(part('b'), part('c'), part('a')), both)).toBe(true);
  expect(holdsAllOf(carrying(part('a'), part('c')), both)).toBe(false);
  expect(
    holdsAllOf(carrying({ ...part('a'), annotations: { other: 'x', signature: 'a' } }), carrying(part('a'))),
  ).toBe(true);
});
