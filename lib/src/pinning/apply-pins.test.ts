import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWharfingerError } from '../errors.ts';
import { digestHex, digestOf, type Digest } from '../oci/digest.ts';
import { applyPins } from './apply-pins.ts';
import { findImages, type FileHint } from './find-images.ts';
import type { ImageUse } from './image-use.ts';
import { pinText } from './pin-text.ts';

const digestFor = (use: Pick<ImageUse, 'reference'>): Digest =>
  digestOf(use.reference.split('@', 1)[0] ?? '');

/** Pins everything that can be pinned. */
function pinAll(text: string, hint: FileHint): string {
  const uses = findImages(text, hint).uses.filter(({ skip }) => skip === undefined);
  return applyPins(
    text,
    uses.map((use) => ({ use, digest: digestFor(use) })),
  );
}

const nginx = digestOf('nginx:1.25');

describe('applyPins', () => {
  it.each<[string, FileHint, string, string]>([
    [
      'comments, quotes, indentation and flow style',
      { kind: 'kubernetes' },
      `spec: {containers: [ {image: "nginx:1.25",name: a} , { image:   'nginx:1.25' }]}  # end`,
      `spec: {containers: [ {image: "nginx:1.25@${nginx}",name: a} , { image:   'nginx:1.25@${nginx}' }]}  # end`,
    ],
    [
      'line ends of Windows, a byte order mark, trailing blanks and no line end at the end',
      { kind: 'kubernetes' },
      '\uFEFFspec:\r\n  containers:\r\n  -   image: nginx:1.25  \r\n      # c\r\n\r\n  - name: b',
      `\uFEFFspec:\r\n  containers:\r\n  -   image: nginx:1.25@${nginx}  \r\n      # c\r\n\r\n  - name: b`,
    ],
    [
      'anchors, tags and aliases',
      { kind: 'kubernetes' },
      'spec:\n  containers:\n    - image: &img !!str nginx:1.25 # one\n    - image: *img\n',
      `spec:\n  containers:\n    - image: &img !!str nginx:1.25@${nginx} # one\n    - image: *img\n`,
    ],
    [
      'a digest that is there',
      { kind: 'kubernetes' },
      `spec: {containers: [{image: nginx:1.25@${digestOf('old')}}]}`,
      `spec: {containers: [{image: nginx:1.25@${nginx}}]}`,
    ],
    [
      'an empty digest of Helm values',
      { kind: 'helm-values' },
      'image:\n  repository: nginx\n  digest: ""   # set me\n  tag: 1.25\n',
      `image:\n  repository: nginx\n  digest: "${nginx}"   # set me\n  tag: 1.25\n`,
    ],
    [
      'a digest without a value',
      { kind: 'helm-values' },
      'image:\n  repository: nginx\n  tag: 1.25\n  digest:\n  other: 1\n',
      `image:\n  repository: nginx\n  tag: 1.25\n  digest: ${nginx}\n  other: 1\n`,
    ],
    [
      'a digest that is null',
      { kind: 'helm-values' },
      'image: {repository: nginx, tag: "1.25", digest: null}',
      `image: {repository: nginx, tag: "1.25", digest: ${nginx}}`,
    ],
    [
      'a tag where there is no room for a digest',
      { kind: 'helm-values' },
      'image: {repository: nginx, tag: 1.25}',
      `image: {repository: nginx, tag: 1.25@${nginx}}`,
    ],
    [
      'a sum without its algorithm',
      { kind: 'helm-values' },
      'image: {repository: nginx, tag: 1.25, sha: ""}',
      `image: {repository: nginx, tag: 1.25, sha: "${digestHex(nginx)}"}`,
    ],
    [
      'stages of a Dockerfile',
      { kind: 'dockerfile' },
      'ARG TAG=1.25\r\nfrom\tnginx:${TAG}  as  a # no comment\r\nCOPY --from="nginx:1.25" a b\r\n',
      `ARG TAG=1.25\r\nfrom\tnginx:\${TAG}@${nginx}  as  a # no comment\r\nCOPY --from="nginx:1.25@${nginx}" a b\r\n`,
    ],
    [
      'the default of an ARG that is the whole reference',
      { kind: 'dockerfile' },
      "ARG BASE='nginx:1.25'\nFROM ${BASE} AS a\nFROM $BASE\n",
      `ARG BASE='nginx:1.25@${nginx}'\nFROM \${BASE} AS a\nFROM $BASE\n`,
    ],
    [
      'the default of an ARG that is a part of another reference',
      { kind: 'dockerfile' },
      'ARG BASE=nginx:1.25\nFROM ${BASE}\nFROM ${BASE}-slim\n',
      `ARG BASE=nginx:1.25\nFROM \${BASE}@${nginx}\nFROM \${BASE}-slim@${digestOf('nginx:1.25-slim')}\n`,
    ],
  ])('keeps %s', (_, hint, before, after) => {
    expect(pinAll(before, hint)).toBe(after);
  });

  const use = (text: string): ImageUse => {
    const [first] = findImages(text, { kind: 'compose' }).uses;
    if (first === undefined) throw new Error('no use');
    return first;
  };

  it('refuses another text, a use that cannot be pinned, and two digests for one place', () => {
    const text = 'services: {a: {image: nginx:1.25}}';
    const refused = expect.toSatisfy((error) => isWharfingerError(error, 'PIN_REFUSED'));
    const pin = { use: use(text), digest: nginx };
    expect(() => applyPins(`# moved\n${text}`, [pin])).toThrow(refused);
    expect(() => applyPins(text, [pin, { ...pin, digest: digestOf('other') }])).toThrow(refused);
    expect(() => applyPins(text, [pin, pin])).not.toThrow();
    const variable = 'services: {a: {image: $A}}';
    expect(() => applyPins(variable, [{ use: use(variable), digest: nginx }])).toThrow(refused);
  });
});

describe('pinning any file', () => {
  const reference = fc.constantFrom(
    'nginx',
    'nginx:1.25',
    'registry.example:5000/a/b:v1',
    'a/b',
    `x:1@${digestOf('old')}`,
  );
  const quoted = reference.chain((text) => fc.constantFrom(text, `"${text}"`, `'${text}'`));
  const comment = fc.constantFrom('', '   ', ' # note', '  # image: fake:1');
  const container = fc.tuple(quoted, comment, fc.constantFrom('-', '-  ')).map(([image, note, dash]) => {
    const pad = ' '.repeat(dash.length + 1);
    return `${dash} name: x\n${pad}image:  ${image}${note}\n${pad}args: ["image: y:1"]`;
  });
  const flow = quoted.map((image) => `- {image: ${image}, name: z}`);
  const indent = (text: string, by: number): string => text.replace(/^/gm, ' '.repeat(by));

  const kubernetes = fc
    .array(fc.array(fc.oneof(container, flow), { minLength: 1, maxLength: 3 }), {
      minLength: 1,
      maxLength: 3,
    })
    .map((pods) =>
      pods
        .map((items) => `apiVersion: v1\nkind: Pod\nspec:\n  containers:\n${indent(items.join('\n'), 2)}\n`)
        .join('--- # next\n'),
    );
  const values = fc
    .array(
      fc.tuple(
        fc.constantFrom('digest: ""', 'digest:', 'digest: null', '# none', 'sha: ""'),
        comment,
        quoted,
      ),
      { minLength: 1, maxLength: 4 },
    )
    .map((items) =>
      items
        .map(
          ([digest, note, image], at) =>
            `c${at}:${note}\n  image:\n    repository: r${at}\n    tag: "v${at}"${note}\n    ${digest}\n  side: {image: ${image}}\n`,
        )
        .join('\n'),
    );
  const dockerfile = fc
    .array(
      fc.tuple(
        reference,
        fc.constantFrom('', ' AS s', ' as other'),
        fc.constantFrom('FROM ', 'FROM --platform=linux/amd64  ', 'from \\\n  '),
      ),
      { minLength: 1, maxLength: 4 },
    )
    .map((stages) =>
      stages
        .map(
          ([image, as, from]) => `${from}${image}${as}\nRUN echo FROM fake:1\nCOPY --from=${image} /a /b\n`,
        )
        .join('# c\n'),
    );
  const file = fc
    .tuple(
      fc.oneof(
        fc.record({ text: kubernetes, kind: fc.constant('kubernetes' as const) }),
        fc.record({ text: values, kind: fc.constant('helm-values' as const) }),
        fc.record({ text: dockerfile, kind: fc.constant('dockerfile' as const) }),
      ),
      fc.constantFrom('\n', '\r\n'),
    )
    .map(([{ text, kind }, newline]) => ({ kind, text: text.replaceAll('\n', newline) }));

  it('changes nothing without pins', () => {
    fc.assert(
      fc.property(file, ({ text, kind }) => {
        expect(findImages(text, { kind }).uses.length).toBeGreaterThan(0);
        expect(applyPins(text, [])).toBe(text);
      }),
    );
  });

  it('changes the ranges alone, each of them', () => {
    fc.assert(
      fc.property(file, ({ text, kind }) => {
        const { uses } = findImages(text, { kind });
        const pinned = pinAll(text, { kind });
        const ranges = uses.map(({ range }) => range).sort((a, b) => a.start - b.start);
        const outside = ranges.map(({ start }, at) => text.slice(ranges[at - 1]?.end ?? 0, start));
        let rest = pinned;
        for (const piece of outside) {
          expect(rest).toContain(piece);
          rest = rest.slice(rest.indexOf(piece) + piece.length);
        }
        expect(rest.endsWith(text.slice(ranges.at(-1)?.end))).toBe(true);
        // Each place grew by one digest, or had one of the same length replaced; a missing value also gets a blank.
        const grown = uses.reduce((sum, { source, form }) => {
          const size =
            form === 'suffix' ? (source.includes('@') ? 0 : 72) : (form === 'hex' ? 64 : 71) - source.length;
          return sum + size;
        }, 0);
        const blanks = uses.filter((use) => use.source === '' && text[use.range.start - 1] === ':').length;
        expect(pinned.length).toBe(text.length + grown + blanks);
      }),
    );
  });

  it('finds the pinned references afterwards, in the same places, and has nothing more to do', () => {
    fc.assert(
      fc.property(file, ({ text, kind }) => {
        const before = findImages(text, { kind }).uses;
        const pinned = pinAll(text, { kind });
        const after = findImages(pinned, { kind }).uses;
        expect(
          after.map(({ where, reference, pinned: done, line }) => ({ where, reference, done, line })),
        ).toEqual(
          before.map((item) => ({
            where: item.where,
            reference: `${item.reference.split('@', 1)[0]}@${digestFor(item)}`,
            done: true,
            line: item.line,
          })),
        );
        expect(pinAll(pinned, { kind })).toBe(pinned);
      }),
    );
  });
});

describe('pinText', () => {
  const text =
    'services:\n  a: {image: good:1}\n  b: {image: bad:1}\n  c: {image: good:1}\n  d: {image: $E}\n';

  it('writes what the resolver allows, asks once, and reports the rest', async () => {
    const asked: string[] = [];
    const result = await pinText(text, { name: 'compose.yaml' }, async (reference) => {
      asked.push(reference);
      return reference.startsWith('good') ? { digest: nginx } : { refused: 'held: unsigned' };
    });
    expect(asked).toEqual(['good:1', 'bad:1']);
    expect(result.text).toBe(text.replaceAll('good:1', `good:1@${nginx}`));
    expect(result.uses.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['written', undefined],
      ['refused', 'held: unsigned'],
      ['written', undefined],
      ['refused', 'the reference is computed from variables'],
    ]);
    const again = await pinText(result.text, { kind: 'compose' }, async () => ({ digest: nginx }));
    expect(again.uses[0]?.outcome).toBe('kept');
  });

  it('does not swallow what the resolver throws', async () => {
    const failing = pinText(text, { kind: 'compose' }, async () => {
      throw new Error('no network');
    });
    await expect(failing).rejects.toThrow('no network');
  });
});
