import type { Advisory } from '@wharfinger/lib/advisories/advisory';
import type { PackageVersion } from '@wharfinger/lib/advisories/match';
import type { MatchedPackages } from '@wharfinger/lib/assess/findings-of-image';
import { matchAdvisories } from '@wharfinger/lib/assess/match-advisories';
import { WharfingerError } from '@wharfinger/lib/errors';
import { advisoryCacheFolder, readCache, readCacheState } from './advisory-cache.ts';
import { AdvisorySources } from './advisory-sources.ts';
import { count } from './display.ts';
import type { Session } from './session.ts';

type Matcher = (packages: readonly PackageVersion[]) => Promise<MatchedPackages>;

/**
 * Matches packages against the files given, else against what was imported on this machine.
 * @returns undefined where there are no advisories: then nothing is known of vulnerabilities
 */
export async function matcherFor(
  paths: readonly string[] | undefined,
  session: Session,
): Promise<Matcher | undefined> {
  if (paths !== undefined) return (packages) => matchFiles(paths, packages, session);
  const folder = advisoryCacheFolder(session.environment);
  if ((await readCacheState(folder)) === undefined) {
    session.note(
      'No advisories were imported here: nothing is known of vulnerabilities. See wharf advisories import.',
    );
    return undefined;
  }
  return async (packages) => {
    const dates = new Map<string, Date>();
    async function* advisories(): AsyncGenerator<Advisory> {
      for await (const { advisory, firstSeen } of readCache(folder)) {
        if (advisory.published === undefined) dates.set(advisory.id, new Date(firstSeen));
        yield advisory;
      }
    }
    return match(advisories(), packages, (id) => dates.get(id));
  };
}

/** Files in which something cannot be read are not matched against: what is left out could be what counts. */
async function matchFiles(
  paths: readonly string[],
  packages: readonly PackageVersion[],
  session: Session,
): Promise<MatchedPackages> {
  const sources = new AdvisorySources(paths, () => {});
  const now = session.now();
  const matched = await match(sources.advisories(), packages, () => now);
  const [first] = sources.refused;
  if (first === undefined) return matched;
  throw new WharfingerError('ADVISORIES_UNREADABLE', {
    what: `${count(sources.refusedCount, 'record')}; ${first.origin}: ${first.message}`,
  });
}

async function match(
  advisories: AsyncIterable<Advisory>,
  packages: readonly PackageVersion[],
  firstImported: (id: string) => Date | undefined,
): Promise<MatchedPackages> {
  return matchAdvisories({ records: () => advisories, firstImported }, packages);
}
