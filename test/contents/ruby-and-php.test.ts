import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageOf, layerOf } from '@wharfinger/lib/inspect/layer-fixture';
import type { ImageInventory } from '@wharfinger/lib/inspect/inventory';
import { describe, expect, test } from 'vitest';
import { lacksTools, output } from '../requirements.ts';

/** A layer of files as they lie on this machine. */
function layerOfFiles(paths: readonly string[], root: string): Buffer {
  const files = paths.filter((path) => statSync(path).isFile());
  return layerOf(
    Object.fromEntries(files.map((path) => [path.slice(root.length), readFileSync(path, 'latin1')])),
  );
}

function told(image: ImageInventory, type: string): readonly string[] {
  return image.packages
    .filter((one) => one.type === type)
    .map(({ name, version, licence }) => `${name} ${version} ${licence ?? ''}`.trim())
    .sort();
}

describe.skipIf(lacksTools(['ruby']))('gems that Debian installs', () => {
  test('are those that RubyGems itself finds, with their licences, default ones included', async () => {
    const folders = output('ruby', ['-e', 'puts Gem::Specification.dirs']).trim().split('\n');
    const specifications = folders.flatMap((folder) =>
      globSync([join(folder, '*.gemspec'), join(folder, 'default/*.gemspec')]),
    );
    const script =
      'Gem::Specification.stubs.each { |s| puts [s.name, s.version, s.to_spec.licenses.join(" AND ")].join(" ").strip }';
    const truth = output('ruby', ['-e', script]).trim().split('\n').sort();
    const image = await imageOf(layerOfFiles(specifications, '/'));
    expect(truth.length).toBeGreaterThan(60);
    // One that lies in two places is two packages, of which RubyGems takes the first.
    expect([...new Set(told(image, 'gem'))]).toEqual([...new Set(truth)]);
    expect(image.problems.filter(({ hides }) => hides)).toEqual([]);
  });
});

describe.skipIf(lacksTools(['composer', 'php']))('packages that composer installs', () => {
  test('are those that composer itself lists', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wharfinger-composer-'));
    try {
      const write = (name: string, value: unknown): void => {
        mkdirSync(join(folder, name, '..'), { recursive: true });
        writeFileSync(join(folder, name), JSON.stringify(value));
      };
      const names = ['acme/one', 'acme/two', 'acme/three'];
      const versions = ['v1.2.3', '2.0.0-beta1', 'dev-main'];
      for (const [at, name] of names.entries()) {
        write(`${name}/composer.json`, {
          name,
          version: versions[at],
          license: ['MIT', 'Apache-2.0'].slice(at % 2),
        });
      }
      write('app/composer.json', {
        name: 'acme/app',
        'minimum-stability': 'dev',
        require: Object.fromEntries(names.map((name, at) => [name, versions[at]])),
        repositories: [
          { 'packagist.org': false },
          ...names.map((name) => ({ type: 'path', url: `../${name}`, options: { symlink: false } })),
        ],
      });
      const app = join(folder, 'app');
      const composer = (...args: readonly string[]): string =>
        execFileSync('composer', ['--no-interaction', '--no-plugins', '--working-dir', app, ...args], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'pipe'],
          env: {
            ...process.env,
            COMPOSER_ALLOW_SUPERUSER: '1',
            COMPOSER_HOME: folder,
            COMPOSER_DISABLE_NETWORK: '1',
          },
        });
      composer('install');
      const { installed } = JSON.parse(composer('show', '--format=json')) as {
        installed: ReadonlyArray<{ name: string; version: string }>;
      };
      const image = await imageOf(layerOfFiles(globSync(`${app}/**/*.json`), `${app}/`));
      const ours = image.packages.filter(({ type }) => type === 'composer');
      expect(ours.map(({ name, version }) => `${name} ${version}`).sort()).toEqual(
        installed.map(({ name, version }) => `${name} ${version}`).sort(),
      );
      expect(ours).toHaveLength(3);
      expect(ours.map(({ licence }) => licence)).toContain('MIT OR Apache-2.0');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
