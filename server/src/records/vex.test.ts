import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readVexFile, type VexFile } from '@wharfinger/lib/assess/vex-file';
import { loadStandardCollection } from '@wharfinger/lib/routines/standard';
import { createPolicy } from '../access/policy.ts';
import { loadConfig } from '../config/load.ts';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { feedOf, lines, openShelf, record, type Shelf } from '../feeds/feeds.fixtures.ts';
import { updateFeed } from '../feeds/update-feed.ts';
import { openPolicy } from './policy-in-force.ts';
import { importVex, putFeedVex, removeVex, type VexParts } from './vex.ts';

const builtIn = loadStandardCollection();
const now = (): Date => new Date('2026-02-02T00:00:00Z');

function fileOf(id: string, names: readonly string[], status = 'fixed'): VexFile {
  const statements = names.map((name) => ({ vulnerability: { name }, status, products: ['pkg:npm/left'] }));
  const document = { '@context': 'https://openvex.dev/ns', '@id': id, author: 'a', statements };
  return readVexFile(Buffer.from(JSON.stringify(document)), id);
}

describe.each(testDatabases)('records of VEX, on $name', (kind) => {
  let opened: TestDatabase;
  let shelf: Shelf;
  let parts: VexParts;
  let folder: string;
  beforeEach(async () => {
    opened = await kind.open();
    shelf = await openShelf(opened.db);
    folder = await mkdtemp(join(tmpdir(), 'wharfinger-vex-'));
    const file = join(folder, 'wharfinger.yaml');
    await writeFile(file, `data: ${join(folder, 'data')}\nlisten: 127.0.0.1:0\n`);
    const inForce = await openPolicy({
      db: opened.db,
      config: await loadConfig({ WHARFINGER_CONFIG: file }),
      builtIn,
      build: (config, records) => createPolicy(config, builtIn, records),
      onChange: () => {},
    });
    parts = { db: opened.db, inForce, now, memory: shelf.parts.memory };
    const advisories = join(folder, 'advisories.jsonl');
    await writeFile(
      advisories,
      lines(
        record('GHSA-aaaa-bbbb-cccc', 'left', '2.0.0', { aliases: ['CVE-2026-1'] }),
        record('CVE-2026-2', 'right', '2.0.0'),
      ),
    );
    const { error } = await updateFeed(
      shelf.parts,
      feedOf({ at: 'path', path: advisories }),
      new AbortController().signal,
    );
    if (error !== undefined) throw new Error(error);
  });
  afterEach(async () => {
    await shelf[Symbol.asyncDispose]();
    await opened.close();
    await rm(folder, { recursive: true, force: true });
  });

  const bring = (file: VexFile, scope = {}) =>
    importVex(parts, file, { by: 'ann', scope, source: 'a file' }, () => {});

  test('have those images judged again that have what they name, where they count', async () => {
    const left = await shelf.push('left', { left: '1.0.0' });
    await shelf.push('right', { right: '1.0.0' });
    await shelf.push('fixed', { left: '2.0.0' });
    await shelf.touched();
    const { digest } = parts.inForce.current();

    expect(await bring(fileOf('one', ['ghsa-AAAA-bbbb-cccc']))).toMatchObject({
      unchanged: false,
      images: 1,
    });
    expect(await shelf.touched()).toEqual([left]);
    expect(parts.inForce.current().rulesFor('team/left', 'pull', now()).vex).toMatchObject([
      { id: 'one', by: 'user/ann', statements: [{ status: 'fixed' }] },
    ]);
    // else every image would be judged again
    expect(parts.inForce.current().digest).toBe(digest);
    expect(await bring(fileOf('one', ['ghsa-AAAA-bbbb-cccc']))).toMatchObject({ unchanged: true });
    expect(await bring(fileOf('two', ['CVE-2026-9']))).toMatchObject({ images: 0 });
    expect(await bring(fileOf('three', ['CVE-2026-1']), { repositories: ['other/**'] })).toMatchObject({
      images: 0,
    });
    expect(await shelf.touched()).toEqual([]);

    // another scope: where it counted, and where it counts
    expect(await bring(fileOf('one', ['CVE-2026-1']), { repositories: ['other/**'] })).toMatchObject({
      images: 1,
    });
    expect(await shelf.touched()).toEqual([left]);
    expect(await removeVex(parts, 'one', { by: 'ann', reason: 'over' })).toMatchObject({ images: 0 });
    await expect(removeVex(parts, 'one', { by: 'ann', reason: 'over' })).rejects.toThrow(/no vex one/);
  });

  test('of a feed follow what it has, and only what changed causes work', async () => {
    const left = await shelf.push('left', { left: '1.0.0' });
    const right = await shelf.push('right', { right: '1.0.0' });
    await shelf.touched();
    const put = (files: VexFile[], isAll = true) =>
      putFeedVex(parts, { feed: 'f', source: 's', scope: {}, files, isAll });
    const [one, two] = [fileOf('one', ['CVE-2026-1']), fileOf('two', ['CVE-2026-2'])];
    expect(await put([one, two])).toEqual({ new: 2, changed: 0, unchanged: 0, removed: 0 });
    expect(await shelf.touched()).toEqual([left, right].sort());
    expect(await put([one, two])).toEqual({ new: 0, changed: 0, unchanged: 2, removed: 0 });
    expect(await put([fileOf('one', ['CVE-2026-1'], 'affected')], false)).toMatchObject({
      changed: 1,
      removed: 0,
    });
    expect(await shelf.touched()).toEqual([left]);
    expect(await put([fileOf('one', ['CVE-2026-1'], 'affected')])).toMatchObject({ removed: 1 });
    expect(await shelf.touched()).toEqual([right]);
  });

  test('are refused where they would be too much, and nothing is changed', async () => {
    const much = fileOf(
      'much',
      Array.from({ length: 90_000 }, (_, at) => `CVE-2026-${at}`),
    );
    await expect(bring(much).then(({ images }) => images)).rejects.toThrow(
      /takes \d+ characters, more than 8388608/,
    );
    expect(parts.inForce.current().rulesFor('team/left', 'pull', now()).vex).toEqual([]);
  });
});
