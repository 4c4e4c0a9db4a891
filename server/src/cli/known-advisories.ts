import type { Advisory } from '@wharfinger/lib/advisories/advisory';
import type { KnownAdvisories } from '@wharfinger/lib/assess/match-advisories';
import { WharfingerError } from '@wharfinger/lib/errors';
import { advisoryCacheFolder, readCache, readCachedThreats, readCacheState } from './advisory-cache.ts';
import { AdvisorySources } from './advisory-sources.ts';
import type { Session } from './session.ts';

/**
 * The advisories of these files or folders, else those that were imported on this machine. Files in which something cannot be
 * read give none at all: what is left out could be what counts.
 *
 * @returns undefined where none were imported: then what needs them is undecided
 * @throws WharfingerError, while they are read: ADVISORIES_UNREADABLE
 */
export async function advisoriesHere(
  paths: readonly string[] | undefined,
  session: Session,
): Promise<KnownAdvisories | undefined> {
  if (paths !== undefined) {
    const now = session.now();
    return { records: () => allOf(paths), firstImported: () => now };
  }
  const folder = advisoryCacheFolder(session.environment);
  const state = await readCacheState(folder);
  if (state === undefined) return undefined;
  const { generation } = state;
  const dates = new Map<string, Date>();
  return {
    async *records() {
      for await (const { advisory, firstSeen } of readCache(folder, state)) {
        if (advisory.published === undefined) dates.set(advisory.id, new Date(firstSeen));
        yield advisory;
      }
    },
    firstImported: (id) => dates.get(id),
    async *threats() {
      yield* await readCachedThreats(folder, state);
    },
    ages: state.ages,
    ...(generation === undefined ? {} : { generation }),
  };
}

/** The same for a command, which says so where there are none. */
export async function advisoriesOrNote(
  paths: readonly string[] | undefined,
  session: Session,
): Promise<KnownAdvisories | undefined> {
  const known = await advisoriesHere(paths, session);
  if (known === undefined)
    session.note(
      'No advisories were imported here: nothing is known of vulnerabilities. See wharf advisories import.',
    );
  return known;
}

async function* allOf(paths: readonly string[]): AsyncGenerator<Advisory> {
  const sources = new AdvisorySources(paths, () => {});
  yield* sources.advisories();
  const [first] = sources.refused;
  if (first === undefined) return;
  throw new WharfingerError('ADVISORIES_UNREADABLE', {
    what: `${first.origin}: ${first.message}; ${sources.refusedCount} in all`,
  });
}
