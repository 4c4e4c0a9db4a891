import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Advisory } from './advisory.ts';
import { createGenerationSum, generationOf, type GenerationElement } from './generation.ts';

const elements = fc.uniqueArray(
  fc.record({ id: fc.string(), matchHash: fc.string(), weightHash: fc.string() }),
  { selector: (element) => element.id, maxLength: 12 },
);

function sumOf(list: readonly GenerationElement[]): string {
  const sum = createGenerationSum();
  for (const element of list) sum.add(element);
  return sum.digest();
}

const advisory: Advisory = {
  id: 'A-1',
  aliases: ['CVE-1', 'CVE-2'],
  summary: 'a flaw',
  severity: 'high',
  malicious: false,
  references: [],
  affected: [],
};

describe('the generation of advisories', () => {
  test('does not depend on their order', () => {
    fc.assert(
      fc.property(elements, (list) => {
        expect(sumOf(list.toReversed())).toBe(sumOf(list));
      }),
      { numRuns: 50 },
    );
  });

  test('is another one with one record more, fewer, twice or changed', () => {
    fc.assert(
      fc.property(elements, (list) => {
        const [first] = list;
        if (!first) return;
        const whole = sumOf(list);
        expect(sumOf(list.slice(1))).not.toBe(whole);
        expect(sumOf([...list, first])).not.toBe(whole);
        expect(sumOf([{ ...first, weightHash: `${first.weightHash}.` }, ...list.slice(1)])).not.toBe(whole);
      }),
      { numRuns: 50 },
    );
  });

  test('goes on from its state as if it had never stopped', () => {
    fc.assert(
      fc.property(elements, elements, (before, after) => {
        const first = createGenerationSum();
        for (const element of before) first.add(element);
        const second = createGenerationSum(first.state());
        for (const element of after) second.add(element);
        expect(second.digest()).toBe(sumOf([...before, ...after]));
        for (const element of after) second.remove(element);
        expect(second.digest()).toBe(sumOf(before));
      }),
      { numRuns: 50 },
    );
  });

  test('counts what decides, and not what people only read', () => {
    const whole = generationOf([advisory]);
    expect(generationOf([{ ...advisory, summary: 'the same flaw', aliases: ['CVE-2', 'CVE-1'] }])).toBe(
      whole,
    );
    expect(generationOf([{ ...advisory, severity: 'low' }])).not.toBe(whole);
    expect(generationOf([{ ...advisory, malicious: true }])).not.toBe(whole);
    expect(generationOf([])).not.toBe(whole);
  });

  test('stays what it is: receipts name it', () => {
    expect(generationOf([])).toBe('sha256:e5a00aa9991ac8a5ee3109844d84a55583bd20572ad3ffcd42792f3c36b183ad');
  });

  test('is not made from a state of another size', () => {
    expect(() => createGenerationSum(new Uint8Array(5))).toThrow(RangeError);
  });
});
