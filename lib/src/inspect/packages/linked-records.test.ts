import { expect, it } from 'vitest';
import { imageOf, layerOf } from '../layer-fixture.ts';

const records: Readonly<Record<string, readonly [target: string, content: string]>> = {
  'srv/vendor/composer/installed.json': [
    '../../../opt/0',
    '[{"name":"a/b","version":"1","version_normalized":"1.0.0.0"}]',
  ],
  'app/a.deps.json': ['/opt/1', '{"runtimeTarget":{},"libraries":{"A/1":{"type":"package"}}}'],
  'app/packages.lock.json': [
    '/opt/2',
    '{"version":1,"dependencies":{"net8.0":{"B":{"type":"Direct","resolved":"2"}}}}',
  ],
  'usr/lib/ruby/gems/3.1.0/specifications/c-1.gemspec': ['/opt/3', '# x\n# stub: c 1 ruby lib\n'],
  'bom.json': ['/opt/4', '{"bomFormat":"CycloneDX","components":[{"purl":"pkg:npm/d@1"}]}'],
};
const links = Object.entries(records).map(([name, [link]]) => ({ name, flag: '2', link }));
const contents = Object.fromEntries(
  Object.values(records).map(([link, content]) => [link.replace(/^[./]+/, ''), content]),
);

it.each([
  ['in the same layer', [layerOf(contents, ...links)]],
  ['from another layer', [layerOf(contents), layerOf({}, ...links)]],
])('finds records of packages behind links %s', async (_, layers) => {
  const { packages, problems } = await imageOf(...layers);
  expect(packages.map(({ name }) => name).sort()).toEqual(['A', 'B', 'a/b', 'c', 'd']);
  expect(problems.filter(({ hides }) => hides)).toEqual([]);
});

it('finds them behind hard links', async () => {
  const hard = links.map(({ name, link }) => ({ name, flag: '1', link: link.replace(/^[./]+/, '') }));
  const { packages } = await imageOf(layerOf(contents, ...hard));
  expect(new Set(packages.map(({ name }) => name))).toEqual(new Set(['A', 'B', 'a/b', 'c', 'd']));
});

it('is incomplete where such a record cannot be read', async () => {
  for (const path of Object.keys(records)) {
    const { complete } = await imageOf(layerOf({ [path]: '{' }));
    expect([path, complete]).toEqual([path, false]);
  }
});
