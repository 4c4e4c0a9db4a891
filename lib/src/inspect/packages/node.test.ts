import { describe, expect, it } from 'vitest';
import { debianRelease, imageOf, layerOf } from '../layer-fixture.ts';
import { isInstalled, parsePackageJson } from './node.ts';

const packed = (name: string, version = '1.0.0'): string => JSON.stringify({ name, version });

describe('packages of npm', () => {
  it('are all that are installed, nested, in stores, behind links and by other names', async () => {
    const image = await imageOf(
      layerOf(
        {
          'etc/os-release': debianRelease,
          'app/package.json': packed('the-application'),
          'app/node_modules/a/package.json': packed('a'),
          'app/node_modules/a/node_modules/@s/b/package.json': packed('@s/b', '2.0.0'),
          'app/node_modules/alias/package.json': packed('real-name'),
          'app/node_modules/.pnpm/c@1.0.0/node_modules/c/package.json': packed('c'),
          'app/packages/d/package.json': packed('d'),
          'app/.yarn/unplugged/e-npm-1/node_modules/e/package.json': packed('e'),
          'usr/lib/node_modules/npm/package.json': packed('npm', '11.0.0'),
          'usr/lib/node_modules/npm/node_modules/f/package.json': packed('f'),
          'app/node_modules/a/vendor/g/package.json': packed('g'),
          'app/node_modules/a/dist/esm/package.json': '{"type":"module"}',
          'app/node_modules/a/test/fixtures/h/package.json': packed('h'),
          'app/node_modules/a/benchmark/package.json': packed('benchmark'),
        },
        { name: 'app/node_modules/c', flag: '2', link: '.pnpm/c@1.0.0/node_modules/c' },
        { name: 'app/node_modules/d', flag: '2', link: '../packages/d' },
      ),
    );
    expect(image.packages.map(({ name, version }) => `${name}@${version}`).sort()).toEqual([
      '@s/b@2.0.0',
      'a@1.0.0',
      'c@1.0.0',
      'd@1.0.0',
      'e@1.0.0',
      'f@1.0.0',
      'g@1.0.0',
      'npm@11.0.0',
      'real-name@1.0.0',
    ]);
    expect(image.problems.filter(({ code }) => code === 'unreadable-file')).toEqual([]);
    expect(image.packages.find(({ name }) => name === '@s/b')?.purl).toBe('pkg:npm/%40s/b@2.0.0');
  });

  it('named as what is only tested with still count where they are installed', () => {
    expect(isInstalled('node_modules/benchmark/package.json')).toBe(true);
    expect(isInstalled('node_modules/test/node_modules/docs/package.json')).toBe(true);
    expect(isInstalled('node_modules/a/examples/b/package.json')).toBe(false);
    expect(isInstalled('examples/b/package.json')).toBe(false);
  });

  it('are asked for in small letters, as names of npm are but for old ones', async () => {
    const files = { 'app/node_modules/jQuery/package.json': packed('jQuery') };
    const { packages } = await imageOf(layerOf({ 'etc/os-release': debianRelease, ...files }));
    expect(packages).toMatchObject([{ name: 'jQuery', match: { ecosystem: 'npm', name: 'jquery' } }]);
  });

  it('have names that npm could have, and licences that fit', () => {
    expect(parsePackageJson(packed('x'.repeat(600)))).toBeUndefined();
    const long = JSON.stringify({ name: 'a', version: '1', license: 'x'.repeat(5000) });
    expect(parsePackageJson(long)?.licence).toHaveLength(1000);
  });
});
