import type { Advisory, Severity } from '@wharfinger/lib/advisories/advisory';
import { inventoryFormat, type ImageInventory, type Package } from '@wharfinger/lib/inspect/inventory';
import { digestOf, type Digest } from '@wharfinger/lib/oci/digest';
import { addImage } from '@wharfinger/lib/catalog/catalog.fixtures';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testDatabases, type TestDatabase } from '../db/testing/databases.ts';
import { transact } from '../db/transaction.ts';
import { countAdvisories, getAdvisory, importAdvisories } from './advisories.ts';
import { removeAdvisories } from './advisory-removal.ts';
import { generationAt } from './advisory-generation.ts';
import { matchesOfImage, matchVersions, recomputeFindings, versionsWithFindings } from './findings.ts';
import { getImage, packImage, placesWithVersions, putImage } from './images.ts';
import { createSqlCatalog } from './sql-catalog.ts';

const at = new Date(Date.UTC(2026, 0, 1));
const later = new Date(Date.UTC(2100, 0, 1));
const debian = 'Debian:12';

function packageOf(name: string, version: string, ecosystem: string | undefined = debian): Package {
  const match = { ecosystem, name, version };
  return { type: 'deb', name, version, match, purl: `pkg:deb/${name}@${version}`, path: 'p', layer: 0 };
}

function inventoryOf(packages: readonly Package[]): ImageInventory {
  return { format: inventoryFormat, complete: true, packages, problems: [], layers: [] };
}

/** An advisory for a package below a version. */
function advisory(id: string, name: string, fixed: string, rest: Partial<Advisory> = {}): Advisory {
  const events = [{ introduced: '0' }, { fixed }];
  return {
    id,
    aliases: [],
    summary: `about ${name}`,
    severity: 'high',
    malicious: false,
    affected: [{ ecosystem: debian, name, versions: [], ranges: [{ type: 'ECOSYSTEM', events }] }],
    references: [],
    ...rest,
  };
}

describe.each(testDatabases)('findings on $name', (kind) => {
  let opened: TestDatabase;
  beforeEach(async () => {
    opened = await kind.open();
  });
  afterEach(() => opened.close());

  async function inspect(digest: Digest, packages: readonly Package[]): Promise<void> {
    const packed = await packImage(inventoryOf(packages));
    await transact(opened.db, async (trx) => {
      await matchVersions(trx, await putImage(trx, digest, packed, [], at));
    });
  }

  /** What an import does: store, decide, tell which images are touched. */
  async function importAll(advisories: readonly Advisory[], when = at) {
    return transact(opened.db, async (trx) => {
      const result = await importAdvisories(trx, advisories, when);
      const versions = [
        ...(await recomputeFindings(trx, result.touchedNames)),
        ...(await versionsWithFindings(trx, result.reweighed)),
      ];
      return { ...result, touched: (await placesWithVersions(trx, versions)).map(({ digest }) => digest) };
    });
  }

  async function found(digest: Digest): Promise<string[]> {
    const image = await getImage(opened.db, digest, [inventoryFormat]);
    const matches = await matchesOfImage(opened.db, image!.id);
    return matches.map(
      ({ subject, match }) => `${match.advisory} ${subject.name} ${subject.version} ${match.fixedIn}`,
    );
  }

  async function push(name: string, packages: readonly Package[]): Promise<Digest> {
    const digest = await addImage(createSqlCatalog(opened.db), `team/${name}`, name);
    await inspect(digest, packages);
    return digest;
  }

  test('come with new images and with new advisories alike', async () => {
    const old = await push('old', [packageOf('openssl', '3.0.1'), packageOf('zlib', '1.2')]);
    const first = await importAll([advisory('A-1', 'openssl', '3.0.5'), advisory('A-2', 'curl', '8')]);
    expect(first).toMatchObject({ added: 2, changed: 0, unchanged: 0, touched: [old] });
    const later = await push('later', [packageOf('openssl', '3.0.5'), packageOf('curl', '7.9')]);
    expect(await found(old)).toEqual(['A-1 openssl 3.0.1 3.0.5']);
    expect(await found(later)).toEqual(['A-2 curl 7.9 8']);
    expect(await countAdvisories(opened.db)).toBe(2);
  });

  test('are told with what people want to know, and when the record first came', async () => {
    await importAll([advisory('A-1', 'openssl', '3.0.5', { published: '2020-01-01T00:00:00Z' })]);
    await importAll([advisory('A-1', 'openssl', '3.0.6')], new Date(at.getTime() + 1000));
    const digest = await push('x', [packageOf('openssl', '3.0.5')]);
    const image = await getImage(opened.db, digest, [inventoryFormat]);
    const [match] = await matchesOfImage(opened.db, image!.id);
    expect(match).toMatchObject({
      subject: { ecosystem: debian, name: 'openssl', version: '3.0.5' },
      match: { advisory: 'A-1', fixedIn: '3.0.6' },
      advisory: { id: 'A-1', severity: 'high', summary: 'about openssl' },
      firstImported: at,
    });
    expect(await getAdvisory(opened.db, 'A-1')).toEqual(advisory('A-1', 'openssl', '3.0.6'));
    expect(await getAdvisory(opened.db, 'A-9')).toBeUndefined();
  });

  test('weigh as the advisory says of this package, without the score of the others', async () => {
    const digest = await push('x', [packageOf('openssl', '3.0.1'), packageOf('curl', '7')]);
    const flaw = (own: Severity): Advisory => {
      const { affected } = advisory('A-1', 'openssl', '3.0.5');
      const [other] = advisory('A-1', 'curl', '8').affected;
      return {
        ...advisory('A-1', 'openssl', '3.0.5', { score: 8.1 }),
        affected: [{ ...affected[0]!, severity: own }, other!],
      };
    };
    const weights = async () => {
      const image = await getImage(opened.db, digest, [inventoryFormat]);
      const matches = await matchesOfImage(opened.db, image!.id);
      return Object.fromEntries(
        matches.map(({ subject, advisory: { severity, score } }) => [subject.name, [severity, score]]),
      );
    };
    await importAll([flaw('low')]);
    expect(await weights()).toEqual({ openssl: ['low', undefined], curl: ['high', 8.1] });
    expect((await importAll([flaw('critical')])).touched).toEqual([digest]);
    expect(await weights()).toEqual({ openssl: ['critical', undefined], curl: ['high', 8.1] });
  });

  test('touch just the images that they concern', async () => {
    const ssl = await push('ssl', [packageOf('openssl', '3.0.1')]);
    const both = await push('both', [packageOf('openssl', '3.0.4'), packageOf('zlib', '1.2')]);
    await push('none', [packageOf('zlib', '1.3')]);
    expect((await importAll([advisory('A-1', 'openssl', '3.0.3')])).touched).toEqual([ssl]);
    const other = advisory('A-1', 'openssl', '3.0.3', { summary: 'said better' });
    expect(await importAll([other])).toMatchObject({ changed: 1, touched: [], touchedNames: [] });
    expect(await importAll([other])).toMatchObject({ unchanged: 1, touched: [] });
    const worse = advisory('A-1', 'openssl', '3.0.3', { severity: 'critical' });
    expect(await importAll([worse])).toMatchObject({ changed: 1, touched: [ssl] });
    const wider = advisory('A-1', 'openssl', '3.0.5', { severity: 'critical' });
    expect((await importAll([wider])).touched.toSorted()).toEqual([ssl, both].toSorted());
    const withdrawn = { ...wider, withdrawn: '2026-01-01T00:00:00Z' };
    expect((await importAll([withdrawn])).touched.toSorted()).toEqual([ssl, both].toSorted());
    expect(await found(both)).toEqual([]);
  });

  test('go when an advisory is about another package now', async () => {
    const ssl = await push('ssl', [packageOf('openssl', '1')]);
    const zlib = await push('zlib', [packageOf('zlib', '1')]);
    await importAll([advisory('A-1', 'openssl', '2')]);
    const moved = await importAll([advisory('A-1', 'zlib', '2')]);
    expect(moved.touched.toSorted()).toEqual([ssl, zlib].toSorted());
    expect([await found(ssl), await found(zlib)]).toEqual([[], ['A-1 zlib 1 2']]);
  });

  test('keep apart releases of a distribution, and what belongs to none', async () => {
    await importAll([advisory('A-1', 'openssl', '3')]);
    const packages = [
      packageOf('openssl', '1', 'Debian:11'),
      packageOf('openssl', '2', ''),
      packageOf('openssl', '1', debian),
    ];
    expect(await found(await push('x', packages))).toEqual(['A-1 openssl 1 3']);
  });

  test('follow an image that was inspected anew', async () => {
    await importAll([advisory('A-1', 'openssl', '3'), advisory('A-2', 'zlib', '2')]);
    const digest = await push('x', [packageOf('openssl', '1')]);
    await inspect(digest, [packageOf('zlib', '1'), packageOf('zlib', '1')]);
    expect(await found(digest)).toEqual(['A-2 zlib 1 2']);
    expect((await getImage(opened.db, digest, [inventoryFormat]))?.inventory.packages).toHaveLength(2);
    expect(await getImage(opened.db, digest, [1])).toBeUndefined();
  });

  test('are complete when images and advisories of one package arrive at once', async () => {
    const names = Array.from({ length: 6 }, (_, n) => `p${n}`);
    const images = Array.from({ length: 12 }, (_, n) => digestOf(`image ${n}`));
    const packages = (n: number) => names.map((name) => packageOf(name, `1.${n}`));
    await Promise.all([
      ...images.map((digest, n) => inspect(digest, n % 2 ? packages(n) : packages(n).toReversed())),
      ...Array.from({ length: 12 }, (_, n) =>
        importAll((n % 2 ? names : names.toReversed()).map((name) => advisory(`${name}-${n}`, name, '2'))),
      ),
    ]);
    for (const digest of images) expect(await found(digest)).toHaveLength(12 * names.length);
  });

  test('have a generation that depends on what the advisories say, not on how they came', async () => {
    const [one, two] = [advisory('A-1', 'openssl', '3'), advisory('A-2', 'zlib', '2')];
    const empty = await generationAt(opened.db, later);
    await importAll([one, two]);
    const both = await generationAt(opened.db, later);
    const other = await kind.open();
    for (const record of [two, { ...one, severity: 'low' as const }, one]) {
      await transact(other.db, (trx) => importAdvisories(trx, [record], new Date()));
    }
    expect(await generationAt(other.db, later)).toBe(both);
    await other.close();
    await importAll([{ ...one, severity: 'low' }]);
    expect(new Set([empty, both, await generationAt(opened.db, later)]).size).toBe(3);
  });

  test('can be read while advisories are removed', async () => {
    const digest = await push('x', [packageOf('openssl', '3.0.1')]);
    const { id } = (await getImage(opened.db, digest, [inventoryFormat]))!;
    const writing = new AbortController();
    const seen = new Set<number>();
    const reading = (async () => {
      while (!writing.signal.aborted) seen.add((await matchesOfImage(opened.db, id)).length);
    })().finally(() => writing.abort());
    const ids = Array.from({ length: 20 }, (_, at) => `A-${at}`);
    /** What is read from now on shows it. */
    const untilSeen = async (count: number): Promise<void> => {
      seen.delete(count);
      while (!seen.has(count) && !writing.signal.aborted)
        await new Promise((resolve) => setImmediate(resolve));
    };
    for (let round = 0; round < 10; round += 1) {
      await importAll(ids.map((one) => advisory(one, 'openssl', '3.0.5')));
      await untilSeen(ids.length);
      await transact(opened.db, (trx) => removeAdvisories(trx, ids, at));
      await untilSeen(0);
    }
    writing.abort();
    await reading;
    expect([...seen].every((count) => count === 0 || count === ids.length)).toBe(true);
    expect(seen.size).toBe(2);
  });
});
