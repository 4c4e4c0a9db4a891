import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { generationOf, createGenerationSum } from './generation.ts';
import { readEpss, readKev } from './threat-sources.ts';
import { joinThreats, steppedEpss, threatElement } from './threats.ts';

const data = process.env['WHARFINGER_TEST_DATA'];

describe('the catalogue of exploited vulnerabilities', () => {
  test.skipIf(data === undefined)('is read as it is published', async () => {
    const file = join(data!, 'kev-2025-08.json.gz');
    const { threats, published } = await readKev(file, createReadStream(file));
    expect(threats.size).toBe(1404);
    expect(published).toBe('2025-08-25T17:04:19.979Z');
    expect(threats.get('CVE-2025-48384')).toEqual({
      exploited: { added: '2025-08-25T00:00:00.000Z', due: '2025-09-15T00:00:00.000Z' },
    });
  });

  test('that is larger than any, or inflates to far more than it has, is refused', async () => {
    const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024, ' '));
    await expect(readKev('bomb', Readable.from([bomb]))).rejects.toMatchObject({
      code: 'ADVISORIES_UNREADABLE',
    });
  });
});

describe('scores of EPSS', () => {
  const read = (text: string) => readEpss('epss', Readable.from([Buffer.from(text)]));

  test('are rounded down to steps', async () => {
    const { threats, published } = await read(
      '#model_version:v4,score_date:2026-01-02T12:00:00Z\ncve,epss,percentile\nCVE-2026-0001,0.96,0.999\nCVE-2026-0002,1e-05,0.2\n',
    );
    expect(Object.fromEntries(threats)).toEqual({
      'CVE-2026-0001': { epss: { score: 0.95, percentile: 0.99 } },
      'CVE-2026-0002': { epss: { score: 0, percentile: 0 } },
    });
    expect(published).toBe('2026-01-02T12:00:00.000Z');
    expect(steppedEpss(0.1, 0.5)).toEqual({ score: 0.1, percentile: 0.5 });
  });

  test.each([
    ['a line without end', `cve,epss,percentile\n${'x'.repeat(5000)}`],
    ['no line at all', 'cve,epss,percentile\n'],
    ['a number that is none', 'cve,epss,percentile\nCVE-2026-0001,NaN,0.1\n'],
    ['a line that is cut off', 'cve,epss,percentile\nCVE-2026-0001,0.1\n'],
  ])('with %s are refused', async (_, text) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'ADVISORIES_UNREADABLE' });
  });
});

test('of several sources the earliest date and the highest score count', () => {
  const [early, late] = [{ added: '2026-01-01T00:00:00.000Z' }, { added: '2026-02-01T00:00:00.000Z' }];
  const [low, high] = [
    { score: 0.1, percentile: 0.9 },
    { score: 0.2, percentile: 0.5 },
  ];
  const joined = { exploited: early, epss: { score: 0.2, percentile: 0.9 } };
  const both = [{ exploited: late, epss: low }, { exploited: early }, { epss: high }];
  expect([joinThreats(both), joinThreats(both.toReversed()), joinThreats([])]).toEqual([joined, joined, {}]);
});

test('are part of the generation, and no record can take their place', () => {
  const sum = createGenerationSum();
  sum.add(threatElement('CVE-2026-0001', { epss: { score: 0.1, percentile: 0 } }));
  const one = sum.digest();
  expect(one).not.toBe(generationOf([]));
  sum.remove(threatElement('CVE-2026-0001', { epss: { score: 0.1, percentile: 0 } }));
  sum.add(threatElement('CVE-2026-0001', { epss: { score: 0.2, percentile: 0 } }));
  expect(sum.digest()).not.toBe(one);
});
