import { describe, expect, it } from 'vitest';
import { digestA, digestB } from './admission.fixtures.ts';
import { readQuestion } from './verifier-arguments.ts';

const type = 'application/vnd.oci.descriptor.v1+json';
const none = Buffer.alloc(0);
const name = 'r.example:5000/team/app:1';

describe('the question of containerd', () => {
  it('is about the digest, whatever tag the name has', () => {
    const expected = { registry: 'r.example:5000', repository: 'team/app', digest: digestA };
    const descriptor = Buffer.from(JSON.stringify({ mediaType: 'x', digest: digestA, size: 1 }));
    const args = ['-name', name, '-digest', digestA, '-stdin-media-type', type];
    expect(readQuestion(args, descriptor)).toEqual(expected);
    expect(readQuestion([`--name=${name}`, `--digest=${digestA}`], none)).toEqual(expected);
    const atStart = [
      '-operation',
      'run',
      '-stdin-media-type',
      'application/vnd.containerd.image-verifier.input.v1+json',
    ];
    expect(readQuestion(['-name', name, '-digest', digestA, ...atStart], Buffer.from('{}'))).toEqual(
      expected,
    );
    expect(readQuestion(['-name', `${name}@${digestA}`, '-digest', digestA], none)).toEqual(expected);
  });

  it.each([
    ['nothing', [], none, 'give -name'],
    ['no digest', ['-name', name], none, '-digest'],
    ['a digest in upper case', ['-name', name, '-digest', digestA.toUpperCase()], none, '-digest'],
    [
      'another digest in the name',
      ['-name', `${name}@${digestB}`, '-digest', digestA],
      none,
      'the name says',
    ],
    ['a flag twice', ['-name', name, '-name', name, '-digest', digestA], none, 'given twice'],
    ['a flag without a value', ['-digest', digestA, '-name'], none, 'no value'],
    ['what is no flag', [name, digestA], none, 'is no flag'],
    ['a name that is none', ['-name', 'A B', '-digest', digestA], none, 'reference'],
    ['no descriptor', ['-name', name, '-digest', digestA, '-stdin-media-type', type], none, 'not valid JSON'],
    [
      'the descriptor of something else',
      ['-name', name, '-digest', digestA, '-stdin-media-type', type],
      Buffer.from(JSON.stringify({ digest: digestB })),
      'does not describe',
    ],
    [
      'a descriptor with two digests',
      ['-name', name, '-digest', digestA, '-stdin-media-type', type],
      Buffer.from(`{"digest":"${digestB}","digest":"${digestA}"}`),
      'stands twice',
    ],
  ])('is refused with %s', (_, args, descriptor, reason) => {
    expect(() => readQuestion(args, descriptor)).toThrow(reason);
  });
});
