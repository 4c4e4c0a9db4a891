import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const guides = globSync('docs/guide/*.md', { cwd: root }).filter((path) => !path.endsWith('threats.md'));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const headings = (text: string) => [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!);

/** As web pages of repositories name the places of a document. */
const anchor = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .trim()
    .replaceAll(' ', '-');

test.each(guides)(
  '%s tells what it needs, what to do in five minutes, what goes wrong, and what is next',
  (path) => {
    const parts = ['What you need', 'Five minutes', 'What goes wrong', 'Next'];
    const found = headings(read(path)).map((heading) => parts.find((part) => heading.startsWith(part)));
    expect(found.filter((part) => part !== undefined)).toEqual(parts);
  },
);

test('every guide is named in the README', () => {
  const readme = read('README.md');
  expect(guides.filter((path) => !readme.includes(`(${path})`))).toEqual([]);
});

test('every folder of tests is told of', () => {
  const told = read('test/README.md');
  const folders = readdirSync(join(root, 'test'), { withFileTypes: true }).filter((one) => one.isDirectory());
  expect(folders.map(({ name }) => name).filter((name) => !told.includes(`\`${name}/\``))).toEqual([]);
});

const documents = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  ...globSync('docs/**/*.md', { cwd: root }),
];

test.each(documents)('links of %s lead somewhere', (path) => {
  const links = [...read(path).matchAll(/\]\((?!https?:)([^)#]*)#?([^)]*)\)/g)];
  const broken = links.filter(([, file, place]) => {
    const target = file === '' ? path : join(dirname(path), file!);
    if (!existsSync(join(root, target))) return true;
    return place !== '' && !headings(read(target)).map(anchor).includes(place!);
  });
  expect(broken.map(([link]) => link)).toEqual([]);
});
