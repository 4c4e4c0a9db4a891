import { digestOf, type Digest } from '../../lib/src/oci/digest.ts';
import type { Db } from '../../server/src/db/schema.ts';
import type { Question } from '../../server/src/exposure/question.ts';
import type { Viewer } from '../../server/src/exposure/search.ts';
import { languagePackages, randomOf } from './contents.ts';
import { fileDigest } from './layer-files.ts';

/** Questions of one kind: another each time. */
export type QuestionMaker = readonly [kind: string, make: () => Question];

/**
 * Questions of every kind about a fleet.
 * @param packages that each of its images has
 */
export async function questionsAbout(db: Db, packages: number): Promise<readonly QuestionMaker[]> {
  const digests = await db.selectFrom('images').select('digest').orderBy('id').limit(300).execute();
  const random = randomOf(7);
  const pick = (most: number): number => Math.floor(random() * most);
  const digest = () => digests[pick(digests.length)]!.digest as Digest;
  return [
    [
      'a package of languages',
      () => ({ kind: 'package', name: `package-${Math.floor(languagePackages * random() ** 3)}` }),
    ],
    [
      'a package of a distribution, below a version',
      () => ({ kind: 'package', name: `lib${pick(90)}`, version: '<1.2-9' }),
    ],
    ['a package URL', () => ({ kind: 'purl', purl: `pkg:npm/package-${pick(2000)}@1.${pick(4)}.0` })],
    ['a package URL without a version', () => ({ kind: 'purl', purl: `pkg:npm/package-${pick(2000)}` })],
    ['a vulnerability', () => ({ kind: 'vulnerability', id: `CVE-2026-${10_000 + pick(2000)}` })],
    ['a licence that most images have', () => ({ kind: 'licence', licence: 'MIT' })],
    ['a licence that no image has', () => ({ kind: 'licence', licence: 'AGPL-3.0-only' })],
    [
      'a layer of a base',
      () => ({
        kind: 'layer',
        digest: digestOf(`content base ${pick(8)} ${pick(50)} ${Math.round(packages * 0.3)}`),
      }),
    ],
    [
      'a file that a package brings',
      () => ({ kind: 'file', digest: fileDigest(`pkg:npm/package-${pick(2000)}@1.${pick(4)}.0`, 'lib.so') }),
    ],
    ['whatever has a digest', () => ({ kind: 'digest', digest: digest() })],
    ['images upon a base', () => ({ kind: 'base', digest: digest() })],
  ];
}

const sees = (teams: RegExp): Viewer => ({ visible: (name) => teams.test(name), seesPulls: false });

/** Who asks: all see the bases, so that all may ask what is built upon them. */
export const viewers: ReadonlyArray<readonly [who: string, viewer: Viewer]> = [
  ['all', { visible: () => true, seesPulls: true }],
  ['half', sees(/^(library|team-\d*[02468])\//)],
  ['a fiftieth', sees(/^(library|team-49)\//)],
];
