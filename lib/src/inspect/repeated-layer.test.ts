import { describe, expect, it } from 'vitest';
import type { Digest } from '../oci/digest.ts';
import { composeImage } from './compose-image.ts';
import { debianSystem, layer, md5, told } from './contamination/contamination.fixtures.ts';
import type { ImageInventory, LayerInventory } from './inventory.ts';
import { configOf, dpkgStatus, imageOf, layerOf, manifestOf, readBytes } from './layer-fixture.ts';
import type { FilePage } from './look/file-entry.ts';
import { look } from './look/look.ts';

const tool = { version: '1.0', files: { 'usr/bin/tool': 'as it was packed' } };
const base = layer(...debianSystem({ tool }));
const app = layerOf({ 'app/node_modules/a/package.json': '{"name":"a","version":"1.0.0"}' });
const withoutApp = layerOf({ '.wh.app': '' });
const key = 'AKIAQ3EGRIVN7OMCUPGF';

const packages = (image: ImageInventory): string[] =>
  image.packages.map(({ name, version, layer: at }) => `${name} ${version} #${at}`).sort();

/** Where the files of a folder are from. */
async function files(path: string, ...blobs: readonly Buffer[]): Promise<string[]> {
  const read = new Map<Digest, LayerInventory>();
  const layers: Array<{ digest: Digest }> = [];
  for (const blob of blobs) {
    const one = await readBytes(blob);
    read.set(one.digest, one);
    layers.push({ digest: one.digest });
  }
  const page = look({ kind: 'list', image: { layers }, query: { path, limit: 10 } }, read) as FilePage;
  return page.entries.map((entry) => `${entry.path} #${entry.layer} ${entry.state}`);
}

describe('a layer that stands in an image twice', () => {
  it('brings back what a layer between the two took away, as its own', async () => {
    const image = await imageOf(base, app, withoutApp, app);
    expect(packages(image)).toContain('a 1.0.0 #3');
    expect(image.removed).toEqual([]);
    expect(image.complete).toBe(true);
    expect(image.layers).toHaveLength(4);
    expect(await files('/app/node_modules/a', base, app, withoutApp, app)).toEqual([
      expect.stringContaining('app/node_modules/a/package.json #3'),
    ]);
  });

  it('takes away again what came between the two', async () => {
    const image = await imageOf(base, withoutApp, app, withoutApp);
    expect(packages(image).filter((one) => one.startsWith('a '))).toEqual([]);
    expect(image.removed).toEqual([{ type: 'npm', name: 'a', version: '1.0.0', layer: 2, removedIn: 3 }]);
  });

  it('changes nothing where nothing came between that it has otherwise', async () => {
    const once = await imageOf(base, app);
    const twice = await imageOf(base, app, app);
    expect(packages(twice)).toEqual(packages(once));
    expect(told(twice)).toEqual(told(once));
    expect(twice.removed).toEqual([]);
  });

  it('restores a file that was changed between the two, and it is told where it was not', async () => {
    const changed = layer({ name: 'usr/bin/tool', body: 'changed', mode: 0o755 });
    const changes = (at: number) => [
      `modified usr/bin/tool #${at}`,
      `changed-executable usr/bin/tool #${at}`,
    ];
    expect(told(await imageOf(base, changed))).toEqual(changes(1));
    expect(told(await imageOf(base, changed, base))).toEqual([]);
    expect(told(await imageOf(base, changed, base, changed))).toEqual(changes(3));
    expect(await files('/usr/bin', base, changed, base)).toEqual(['usr/bin/tool #2 recorded']);
    expect(await files('/usr/bin', base, changed, base, changed)).toEqual(['usr/bin/tool #3 modified']);
  });

  it('names the layer that rewrote a record, also where an equal one stood lower', async () => {
    const forged = layer(
      { name: 'usr/bin/tool', body: 'forged', mode: 0o755 },
      { name: 'var/lib/dpkg/info/tool.md5sums', body: `${md5('forged')}  usr/bin/tool\n` },
    );
    const [once, again] = [await imageOf(base, forged), await imageOf(base, forged, base, forged)];
    expect(told(once).some((line) => line === 'modified usr/bin/tool #1')).toBe(true);
    expect(told(again).some((line) => line === 'modified usr/bin/tool #3')).toBe(true);
  });

  it('brings back the packages of a database that was replaced between the two', async () => {
    const upgraded = layerOf({
      'var/lib/dpkg/status': dpkgStatus({ 'base-files': '12.4+deb12u5', tool: '2.0' }),
    });
    const image = await imageOf(base, upgraded, base);
    expect(packages(image)).toEqual(['base-files 12.4+deb12u5 #0', 'tool 1.0 #2']);
    expect(image.removed).toEqual([
      { type: 'deb', name: 'tool', version: '2.0', layer: 1, removedIn: 2, replacedBy: '1.0' },
    ]);
  });

  it('holds its secrets in both places, of which the lower one is hidden', async () => {
    const secret = layerOf({ 'srv/credentials': `[default]\naws_access_key_id = ${key}\n` });
    const image = await imageOf(base, secret, layerOf({ 'srv/.wh.credentials': '' }), secret);
    expect(image.secrets?.found.map(({ layer: at, deleted }) => [at, deleted === true])).toEqual([
      [1, true],
      [3, false],
    ]);
  });

  it('has each its place where a layer between the two was not read', async () => {
    const [read, gone] = [await readBytes(app), await readBytes(withoutApp)];
    const manifest = manifestOf([gone.digest, read.digest, gone.digest, read.digest]);
    const config = configOf([gone.diffId, read.diffId, gone.diffId, read.diffId]);
    const image = composeImage(manifest, config, new Map([[read.digest, read]]));
    expect(image.complete).toBe(false);
    expect(image.problems.filter(({ code }) => code === 'missing-part').map(({ layer: at }) => at)).toEqual([
      0, 2,
    ]);
    expect(packages(image)).toEqual(['a 1.0.0 #1']);
  });
});
