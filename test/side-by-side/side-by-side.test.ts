import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildIndex, type AdvisoryIndex } from '@wharfinger/lib/advisories/advisory-index';
import { parseOsv } from '@wharfinger/lib/advisories/osv';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lacksPath, lacksRoot, lacksTools } from '../requirements.ts';
import { compare, type Comparison } from './compare.ts';
import { judgements } from './differences.ts';
import type { FoundPackage } from './found.ts';
import { comparedImages, type Compared } from './images.ts';
import { toolsOfLanguages } from './languages.ts';
import { readRecords, type OsvRecord } from './records.ts';
import { reportText } from './report.ts';
import { writeTrivyDatabase } from './trivy-database.ts';
import { findWithTrivy } from './trivy.ts';
import { findWithWharfinger, inventoryOf } from './wharfinger.ts';

const tools = ['trivy', 'debootstrap', 'dpkg-query', 'rpm', 'rpmbuild', 'gem', 'unzip', ...toolsOfLanguages];
const skips = lacksPath('WHARFINGER_TEST_DATA') || lacksTools(tools) || lacksRoot();

const reference = join(import.meta.dirname, '../../docs/reference/agreement.md');

/** As tools list packages. */
const listed = (packages: readonly FoundPackage[], type: string): string[] =>
  [...new Set(packages.flatMap((one) => (one.type === type ? [`${one.name} ${one.version}`] : [])))].sort();

describe.skipIf(skips)('side by side with a real Trivy', () => {
  const data = process.env['WHARFINGER_TEST_DATA'] ?? '';
  const folder = mkdtempSync(join(tmpdir(), 'wharfinger-trivy-'));
  const cache = join(folder, 'cache');
  const comparisons: Comparison[] = [];
  let records: OsvRecord[];
  let byId: ReadonlyMap<string, readonly OsvRecord[]>;
  let index: AdvisoryIndex;
  let images: readonly Compared[];
  const truths = new Map<string, ReadonlySet<string>>();

  beforeAll(async () => {
    records = readRecords(data);
    byId = Map.groupBy(records, ({ id }) => id);
    index = await buildIndex(records.map((record) => parseOsv(record)));
    images = await comparedImages(folder, data, records);
    writeTrivyDatabase(cache, records);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('packages are those that the tools of their ecosystems list', async () => {
    for (const image of images) {
      const inventory = await inventoryOf(image.layout);
      expect(inventory.problems.filter(({ hides }) => hides)).toEqual([]);
      const ours = findWithWharfinger(inventory, index);
      for (const [type, truth] of Object.entries(image.truth)) {
        expect(truth.length, `${image.name}: ${type}`).toBeGreaterThan(0);
        const found = listed(ours.packages, type).filter((one) => !one.includes(':guice-no-aop '));
        expect([image.name, type, found]).toEqual([image.name, type, truth]);
      }
      for (const [type, least] of Object.entries(image.least)) {
        const count = [...ours.findings].filter((one) => one.startsWith(`${type} `)).length;
        expect(count, `${image.name}: ${type}`).toBeGreaterThanOrEqual(least);
      }
      const sources = new Map(inventory.packages.map(({ name, match }) => [name, match.name]));
      const theirs = findWithTrivy(image.layout, cache);
      comparisons.push(compare(image.name, ours, theirs, byId, (name) => sources.get(name) ?? name));
      truths.set(image.name, new Set(Object.values(image.truth).flat()));
    }
  });

  test('every difference is of a known kind, and Trivy has nothing that we miss', async () => {
    const differences = comparisons.flatMap((one) => one.differences);
    const judged = differences.map((difference) => ({
      difference,
      kinds: judgements.filter(
        ({ by, what, holds }) =>
          by === difference.by &&
          what === difference.what &&
          holds(difference, truths.get(difference.image)!),
      ),
    }));
    const unknown = judged.filter(({ kinds }) => kinds.length !== 1);
    const shown = unknown.map(({ difference, kinds }) => {
      const { image, by, what, type, name, version, record } = difference;
      return [image, by, what, type, name, version, record?.id, kinds.length];
    });
    expect(shown).toEqual([]);
    const seen = judgements.map((judgement) => {
      const of = judged.filter(({ kinds }) => kinds[0] === judgement);
      return { judgement, differences: of.map(({ difference }) => difference) };
    });
    const unseen = seen.filter(({ differences: { length } }) => length === 0);
    expect(unseen.map(({ judgement }) => judgement.because)).toEqual([]);
    expect(judgements.filter(({ by, right }) => by === 'Trivy' && right !== 'Wharfinger')).toEqual([]);
    const unclear = judged.filter(({ kinds }) => kinds[0]!.right !== 'Wharfinger').length;
    const compared = comparisons.reduce(
      (sum, { packages, findings }) => sum + packages.both + findings.both,
      differences.length,
    );
    expect(unclear / compared).toBeLessThanOrEqual(0.005);
    await expect(reportText(comparisons, seen)).toMatchFileSnapshot(reference);
  });
});
