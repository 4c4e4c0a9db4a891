import { describe, expect, it } from 'vitest';
import type { Package } from '../inspect/inventory.ts';
import { findingFacts, type DatedMatch } from './findings-of-image.ts';

function npm(layer: number, path: string, version = '1.0.0'): Package {
  const match = { ecosystem: 'npm', name: 'minimist', version };
  return { type: 'npm', name: 'minimist', version, match, purl: `pkg:npm/minimist@${version}`, path, layer };
}

const match: DatedMatch = {
  subject: { ecosystem: 'npm', name: 'minimist', version: '1.0.0' },
  match: { advisory: 'GHSA-1', fixedIn: '1.2.6' },
  advisory: {
    id: 'GHSA-1',
    aliases: ['CVE-2021-44906'],
    summary: '',
    severity: 'critical',
    malicious: false,
    references: [],
  },
};

describe('findingFacts', () => {
  it('counts a package once that is installed at several places, in the layer that brought it first', () => {
    const facts = findingFacts(
      [npm(2, 'b/node_modules/minimist'), npm(1, 'a/node_modules/minimist')],
      [match],
    );
    expect(facts.map(({ advisory, layer }) => ({ advisory, layer }))).toEqual([
      { advisory: 'CVE-2021-44906', layer: 1 },
    ]);
  });

  it('says nothing of other versions, and of packages of an unknown distribution', () => {
    const unknown = { ...npm(0, 'a'), match: { ecosystem: undefined, name: 'minimist', version: '1.0.0' } };
    expect(findingFacts([npm(0, 'a', '1.2.6'), unknown], [match])).toEqual([]);
  });
});
