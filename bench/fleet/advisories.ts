import type { Advisory } from '@wharfinger/lib/advisories/advisory';
import { distributions, languagePackages, randomOf } from './contents.ts';

/**
 * Advisories about packages of a fleet: two in five about those of distributions, which many images have, the others about
 * packages of languages. The same for the same numbers.
 * @param edition another one moves the version that mends: then the same advisories have changed
 */
export function advisoriesAbout(count: number, edition: number): Advisory[] {
  const random = randomOf(count);
  return Array.from({ length: count }, (_, index): Advisory => {
    const ofSystem = index % 5 < 2;
    const release = Math.floor(random() * 3) + 1 + edition;
    const place = Math.floor(random() * distributions.length);
    const ecosystem = ofSystem ? distributions[place]!.ecosystem : place % 3 === 0 ? 'Go' : 'npm';
    const number = ofSystem ? 2 * Math.floor(random() * 45) : Math.floor(languagePackages * random() ** 3);
    const fixed = ofSystem ? `1.${release}-9` : `1.${release}.0`;
    return {
      id: `FLEET-${count}-${index}`,
      aliases: [`CVE-2026-${10_000 + index}`],
      summary: 'made for measuring',
      severity: (['low', 'medium', 'high', 'critical'] as const)[index % 4]!,
      published: '2026-01-01T00:00:00Z',
      malicious: false,
      affected: [
        {
          ecosystem,
          name: ofSystem ? `lib${number}` : `package-${number}`,
          versions: [],
          ranges: [{ type: ofSystem ? 'ECOSYSTEM' : 'SEMVER', events: [{ introduced: '0' }, { fixed }] }],
        },
      ],
      references: [],
    };
  });
}
