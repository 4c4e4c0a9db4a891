import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debianTar } from '../harness/debian-image.ts';
import { imageOf, rawLayer } from '../harness/images.ts';
import { types } from '../harness/oci-layout.ts';
import { startProduct, type Product } from '../harness/product.ts';
import { checkedVerdict, sha256, visitor, type Visitor } from '../harness/registry-client.ts';
import { lacksPath, lacksRoot, lacksTools } from '../requirements.ts';
import { expectedPairs, installedPackages } from './dpkg.ts';

interface Findings {
  readonly findings: ReadonlyArray<{ readonly advisory: string; readonly package: string }>;
}

interface Imported {
  readonly read: number;
  readonly new: number;
  readonly refusedCount: number;
}

const skips = lacksPath('WHARFINGER_TEST_DATA') || lacksTools(['dpkg', 'dpkg-query']);

describe.skipIf(skips)('findings in Debian images', () => {
  const data = process.env['WHARFINGER_TEST_DATA'] ?? '';
  const osv = join(data, 'osv/debian12-from-changelogs.jsonl.gz');
  let folder: string;
  let product: Product;
  let admin: Visitor;
  let imported: Imported;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'findings-'));
    product = await startProduct({ folder, config: { namespaces: [{ name: 'strict', gate: 'hold' }] } });
    admin = visitor(product.url, { name: product.user, password: product.password });
    imported = (await admin.post<Imported>('advisories', gunzipSync(readFileSync(osv)))).json;
  });
  afterAll(async () => {
    await product?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Pushes a root file system, and compares what is found in it with what dpkg says. */
  async function compare(name: string, tar: string, unpacked: Buffer): Promise<string[]> {
    const bytes = readFileSync(tar);
    const type = bytes.equals(unpacked) ? types.layerGzip.replace('+gzip', '') : types.layerGzip;
    const layer = { ...rawLayer(bytes, type), diffId: sha256(unpacked) };
    const repository = `strict/${name}`;
    const digest = await admin.push(repository, imageOf([layer]), 'v1');
    const { outcome, reasons } = await checkedVerdict(admin, repository, digest);
    expect(outcome).toBe('hold');
    expect(reasons.map(({ routine }) => routine)).toEqual(['no-fixable-vulnerabilities']);
    const { json } = await admin.api<Findings>('findings', { repository, reference: 'v1' });
    const found = json.findings.map((one) => `${one.package} ${one.advisory}`);
    expect(new Set(found).size).toBe(found.length);
    const packages = installedPackages(tar, join(folder, name));
    expect(found.toSorted()).toEqual(expectedPairs(packages, osv));
    return found;
  }

  it('rest on all records of the feed', () => {
    expect(imported).toMatchObject({ read: 8097, new: 8097, refusedCount: 0 });
  });

  it('are in a build machine without updates those that dpkg --compare-versions gives', async () => {
    const tar = join(data, 'hostile/normal.tar.gz');
    const found = await compare('normal', tar, gunzipSync(readFileSync(tar)));
    expect(found).toHaveLength(5395);
  });

  it.skipIf(lacksTools(['debootstrap']) || lacksRoot())(
    'are in a minbase of debootstrap without security updates those that dpkg --compare-versions gives',
    // the minbase may have to be made first
    { timeout: 900_000 },
    async () => {
      const tar = await debianTar();
      const found = await compare('minbase', tar, readFileSync(tar));
      expect(found.length).toBeGreaterThan(0);
    },
  );
});
