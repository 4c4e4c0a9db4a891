import { objectOf, onlyKeys, type Fields } from '../../signing/strict-fields.ts';
import { textOf } from './fields.ts';

/** Which repository a statement is about: it counts in no other, wherever the image is copied to. */
export interface RepositoryScope {
  /** logical identity of the registry, which its replicas share; never a host name */
  readonly registry: string;
  readonly repository: string;
}

/** Which image of which repository a statement is about. */
export interface StatementScope extends RepositoryScope {
  /** os/architecture[/variant] */
  readonly platform: string;
}

export function readScope(value: unknown): StatementScope {
  const fields = objectOf(value, 'scope');
  onlyKeys(fields, ['registry', 'repository', 'platform'], 'scope');
  return { ...repositoryOf(fields), platform: textOf(fields['platform'], 'scope.platform') };
}

/** The scope of what is said of an index: it has no platform of its own. */
export function readRepositoryScope(value: unknown): RepositoryScope {
  const fields = objectOf(value, 'scope');
  onlyKeys(fields, ['registry', 'repository'], 'scope');
  return repositoryOf(fields);
}

/** In what a statement is about something else; undefined: in nothing. */
export function scopeMismatch(
  given: RepositoryScope & { readonly platform?: string },
  wanted: RepositoryScope & { readonly platform?: string },
): string | undefined {
  for (const part of ['registry', 'repository', 'platform'] as const) {
    if (given[part] !== wanted[part]) {
      return `it is for the ${part} ${given[part] ?? 'of none'}, not for ${wanted[part] ?? 'none'}`;
    }
  }
  return undefined;
}

function repositoryOf(fields: Fields): RepositoryScope {
  return {
    registry: textOf(fields['registry'], 'scope.registry'),
    repository: textOf(fields['repository'], 'scope.repository'),
  };
}
