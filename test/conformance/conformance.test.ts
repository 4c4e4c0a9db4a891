import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt } from '../harness/command.ts';
import { startProduct, type Product } from '../harness/product.ts';

/** The binary of the conformance suite of the OCI distribution specification; it is built by hand, see test/README.md. */
const suite = process.env['OCI_CONFORMANCE'];
const absent = suite === undefined || !existsSync(suite);
if (absent) process.stderr.write('skipped: OCI_CONFORMANCE names no binary of the conformance suite\n');

describe.skipIf(absent)('the OCI conformance suite', () => {
  let folder: string;
  let product: Product;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'conformance-'));
    product = await startProduct({ folder, env: { WHARFINGER_REGISTRY_MISSING_PARTS: 'hold' } });
  });
  afterAll(async () => {
    await product.stop();
    rmSync(folder, { recursive: true });
  });

  it('passes as a whole, development profile, sparse data: nothing failed, skipped or disabled', async () => {
    const results = join(folder, 'results');
    const finished = await attempt([suite!], {
      cwd: folder,
      env: {
        OCI_REGISTRY: product.host,
        OCI_TLS: 'disabled',
        OCI_REPO1: 'conformance/repo1',
        OCI_REPO2: 'conformance/repo2',
        OCI_USERNAME: product.user,
        OCI_PASSWORD: product.password,
        OCI_VERSION: 'dev',
        OCI_DATA_SPARSE: 'true',
        OCI_RESULTS_DIR: results,
      },
    });
    const junit = readFileSync(join(results, 'junit.xml'), 'utf8');
    const cases = [...junit.matchAll(/<testcase\s[^>]*?name="([^"]*)"[^>]*?status="([^"]*)"/g)];
    expect(
      cases.filter(([, , status]) => status !== 'passed').map(([, name, status]) => `${status}: ${name}`),
    ).toEqual([]);
    const { tests, ...others } = numbersIn(junit);
    expect(others).toEqual({ failures: 0, errors: 0, skipped: 0, disabled: 0 });
    // an empty report would pass as well
    expect(cases.length).toBeGreaterThan(800);
    expect(tests).toBeGreaterThan(1000);
    expect(finished.code).toBe(0);
  });
});

/** The totals that the report itself gives; what it does not mention is 0. */
function numbersIn(junit: string): Record<string, number> {
  const suites = [...junit.matchAll(/<testsuite\s[^>]*>/g)].map(([tag]) => tag);
  const total = (name: string): number =>
    suites.reduce((sum, tag) => sum + Number(new RegExp(`\\b${name}="(\\d+)"`).exec(tag)?.[1] ?? 0), 0);
  return Object.fromEntries(
    ['tests', 'failures', 'errors', 'skipped', 'disabled'].map((name) => [name, total(name)]),
  );
}
