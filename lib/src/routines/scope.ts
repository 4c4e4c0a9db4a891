import { matchesRepository } from '../oci/repository-pattern.ts';
import type { RepositoryFacts } from './facts.ts';
import type { Scope } from './records.ts';

/** What a scope asks of a repository. Where it is judged outside of a registry, only its name may be known. */
export type ScopedRepository = Pick<RepositoryFacts, 'name'> & Partial<RepositoryFacts>;

/** True if a repository is in a scope: all that the scope gives must hold. What is not known of a repository does not hold. */
export function matchesScope(scope: Scope, repository: ScopedRepository): boolean {
  const { repositories, exceptRepositories, classes, departments, stages, externalFacing } = scope;
  const named = (patterns: readonly string[]): boolean =>
    patterns.some((pattern) => matchesRepository(pattern, repository.name));
  return (
    (repositories === undefined || named(repositories)) &&
    (exceptRepositories === undefined || !named(exceptRepositories)) &&
    isOneOf(classes, repository.class) &&
    isOneOf(departments, repository.department) &&
    isOneOf(stages, repository.stage) &&
    (externalFacing === undefined || externalFacing === repository.externalFacing)
  );
}

function isOneOf(wanted: readonly string[] | undefined, value: string | undefined): boolean {
  return wanted === undefined || (value !== undefined && wanted.includes(value));
}
