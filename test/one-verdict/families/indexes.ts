import { signImage } from '@wharfinger/lib/signing/sign-image';
import { keyOf } from '@wharfinger/lib/custody/custody.fixtures';
import { indexOf, type Child } from '../../harness/images.ts';
import type { Pushable } from '../../harness/registry-client.ts';
import type { Case, Family } from '../cases.ts';
import { smallImage } from '../images.ts';
import { caseOf, subjectOf } from '../push.ts';

const amd64 = { os: 'linux', architecture: 'amd64' };
const arm64 = { os: 'linux', architecture: 'arm64' };
const signed = new Date('2026-01-01T00:00:00Z');

/** Indexes whose images are not all alike. */
export function indexes(): Family {
  const held: Array<readonly [repository: string, reference: string]> = [];
  const inside = new Map<Pushable, Pushable>();
  const nested = (mark: string): Child => {
    const image = smallImage(mark);
    const index = indexOf([{ image, platform: amd64 }]);
    inside.set(index, image);
    return { image: index };
  };
  const clean = (mark: string): Child => ({ image: smallImage(mark), platform: amd64 });
  const flawed = (mark: string): Child => ({ image: smallImage(mark, 'flawed'), platform: arm64 });

  function of(
    name: string,
    children: readonly Child[],
    { by, hold }: { by?: string; hold?: number | 'index' } = {},
  ): Case {
    const repository = `indexes/${name}`;
    const index = indexOf(children);
    const inner = children.flatMap(({ image }) => inside.get(image) ?? []);
    if (hold === 'index') held.push([repository, 'v1']);
    else if (hold !== undefined) held.push([repository, subjectOf(children[hold]!.image).digest]);
    return caseOf(repository, index, {
      parts: [...inner, ...children.map(({ image }) => image)],
      evidence: by === undefined ? [] : [signImage(subjectOf(index), keyOf(by), signed)],
    });
  }
  const cases = [
    of('clean', [clean('a')]),
    of('second-flawed', [clean('b'), flawed('c')]),
    of('first-held', [clean('d'), { ...flawed('e'), image: smallImage('e') }], { hold: 0 }),
    of('second-held', [clean('f'), { ...clean('g'), platform: arm64 }], { hold: 1 }),
    of('itself-held', [clean('h')], { hold: 'index' }),
    of('signed-alone', [clean('i')], { by: 'signer-good' }),
    of('two-of-a-platform', [clean('j'), { ...flawed('k'), platform: amd64 }]),
    of('variant', [
      clean('l'),
      { ...flawed('m'), platform: { ...amd64, variant: 'v3' } as Child['platform'] & object },
    ]),
    of('no-platform', [{ image: smallImage('n') }]),
    of('other-spelling', [
      { image: smallImage('o', 'flawed'), platform: { os: 'linux', architecture: 'x86_64' } },
      clean('p'),
    ]),
    of('attestation', [clean('q'), { ...flawed('r'), platform: { os: 'unknown', architecture: 'unknown' } }]),
    of('so-called-attestation', [
      {
        ...flawed('s'),
        platform: amd64,
        annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
      },
      clean('t'),
    ]),
    of('nested', [clean('u'), nested('nested')]),
    of('nested-held', [clean('v'), nested('nested-held')], { hold: 1 }),
  ];
  return {
    config: {
      namespaces: [{ name: 'indexes', gate: 'hold' }],
      trust: [],
    },
    before: [],
    after: held.map(([repository, reference]) => ['holds', { repository, reference, reason: 'looks odd' }]),
    cases,
  };
}
