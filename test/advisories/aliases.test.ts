import { join } from 'node:path';
import type { Advisory } from '@wharfinger/lib/advisories/advisory';
import { buildIndex, type AdvisoryIndex } from '@wharfinger/lib/advisories/advisory-index';
import { dedupeFindings, type Finding } from '@wharfinger/lib/advisories/findings';
import type { PackageVersion } from '@wharfinger/lib/advisories/match';
import { parseRecords, readPath } from '@wharfinger/lib/advisories/sources';
import { describe, expect, test } from 'vitest';
import { lacksPath } from '../requirements.ts';

/** Packages that are asked about in each database, evenly over all of it. */
const most = 150;
const data = process.env['WHARFINGER_TEST_DATA'] ?? '';

async function advisoriesOf(file: string): Promise<readonly Advisory[]> {
  const found: Advisory[] = [];
  for await (const item of parseRecords(readPath(join(data, 'osv', file)))) {
    if ('advisory' in item) found.push(item.advisory);
  }
  return found;
}

const isCve = (name: string): boolean => name.startsWith('CVE-');

/** What other databases have of the same flaw: a record under each of its other names, that knows the CVEs or nothing else. */
function siblingsOf(advisory: Advisory): readonly Advisory[] {
  const cves = advisory.aliases.filter(isCve);
  return advisory.aliases.map((id) => ({ ...advisory, id, aliases: isCve(id) ? [] : cves }));
}

/** Versions of packages at which something begins or ends. */
function subjectsOf(advisories: readonly Advisory[]): readonly PackageVersion[] {
  return advisories.flatMap(({ affected }) =>
    affected.flatMap(({ ecosystem, name, ranges, versions }) => {
      const events = ranges.flatMap((range) => range.events.flatMap((event) => Object.values(event)));
      return [...events, ...versions.slice(-1)]
        .filter((version) => version !== '0')
        .map((version) => ({ ecosystem, name, version }));
    }),
  );
}

function findingsOf(index: AdvisoryIndex, subject: PackageVersion): readonly Finding[] {
  return dedupeFindings(index.findMatches([subject])).toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

describe.skipIf(lacksPath('WHARFINGER_TEST_DATA'))('records of several databases about one flaw', () => {
  test.each(['go.jsonl.gz', 'pypi-2026-07-fork.jsonl.gz', 'rubygems.jsonl.gz', 'rustsec.jsonl.gz'])(
    '%s: are one finding, with the worst severity, and what was withdrawn is none',
    async (file) => {
      const advisories = await advisoriesOf(file);
      const withdrawn = new Set(
        advisories.flatMap(({ id, withdrawn: at }) => (at === undefined ? [] : [id])),
      );
      const alone = await buildIndex(advisories);
      const all = [...advisories, ...advisories.flatMap(siblingsOf)];
      const together = await buildIndex(all);
      const backwards = await buildIndex(all.toReversed());
      let found = 0;
      const subjects = subjectsOf(advisories);
      const step = Math.ceil(subjects.length / most);
      for (const subject of subjects.filter((_, at) => at % step === 0)) {
        const once = findingsOf(alone, subject);
        const thrice = findingsOf(together, subject);
        found += once.length;
        const names = (finding: Finding): string => `${finding.severity} ${finding.fixedIn ?? ''}`;
        expect({ subject, told: thrice.map(names).sort() }).toEqual({
          subject,
          told: once.map(names).sort(),
        });
        expect(findingsOf(backwards, subject)).toEqual(thrice);
        const told = new Set(thrice.flatMap((finding) => finding.advisories));
        for (const { advisories: ids } of once) {
          for (const id of ids) {
            expect(told.has(id)).toBe(true);
            expect(withdrawn.has(id)).toBe(false);
          }
        }
      }
      expect(found).toBeGreaterThan(150);
    },
    300_000,
  );
});
