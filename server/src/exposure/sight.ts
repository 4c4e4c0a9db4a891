import type { RepositoryNames, SeenBefore } from '../stores/repository-names.ts';

/** What somebody may see, found out once for an answer. */
export interface Sight {
  readonly visible: (repository: string) => boolean;
  /** keys of the repositories that he may see; undefined: all that there were when he asked */
  readonly repositories: readonly number[] | undefined;
}

export async function sightOf(
  names: RepositoryNames,
  visible: Sight['visible'],
  before?: SeenBefore,
): Promise<Sight> {
  return { visible, repositories: await names.seen(visible, before) };
}
