import type { Caller } from '@wharfinger/lib/registry/host';
import { coversPattern, matchesRepository } from '@wharfinger/lib/oci/repository-pattern';
import type { Right, UserConfig } from '../config/schema.ts';
import { growingCache } from '../memory/growing-cache.ts';
import type { Namespace } from './namespaces.ts';

/**
 * The user that administers: every right, but for `inspect` and `sign`, which open what is held. Who examines or signs
 * images is named for that; a credential that is used for everything must not be one that no gate stops.
 */
export const adminName = 'admin';

/** Answers who may do what in which repository. Nothing is allowed that no rule allows. */
export interface Rights {
  may(caller: Caller, right: Right, repository: string): boolean;
  /** True if the caller has the right in every repository that the patterns can stand for. */
  mayInAll(caller: Caller, right: Right, patterns: readonly string[]): boolean;
  isAdmin(caller: Caller): boolean;
}

/**
 * Rights from the users' rules and the classes of namespaces: public may be pulled by anyone, internal by anyone who
 * signed in. Answers are remembered: they are asked for on every request.
 */
export function createRights(
  users: readonly UserConfig[],
  namespaceOf: (repository: string) => Namespace,
): Rights {
  const rulesOf = new Map(
    users.map((user) => [
      user.name,
      user.rights.map((rule) => ({ pattern: rule.repositories, actions: new Set(rule.actions) })),
    ]),
  );
  const answers = growingCache<string, boolean>(100_000);

  function decide(principal: string | null, right: Right, repository: string): boolean {
    if (principal === adminName) return right !== 'inspect' && right !== 'sign';
    const rules = principal === null ? [] : (rulesOf.get(principal) ?? []);
    if (rules.some((rule) => rule.actions.has(right) && matchesRepository(rule.pattern, repository)))
      return true;
    if (right !== 'pull') return false;
    const { class: visibility } = namespaceOf(repository);
    return visibility === 'public' || (visibility === 'internal' && principal !== null);
  }

  return {
    may(caller, right, repository) {
      const key = `${caller.principal ?? ''} ${right} ${repository}`;
      let answer = answers.get(key);
      if (answer === undefined) answers.set(key, (answer = decide(caller.principal, right, repository)));
      if (!answer || caller.scopes === undefined) return answer;
      return caller.scopes.some(
        (scope) => scope.repository === repository && scopeCovers(scope.actions, right),
      );
    },
    mayInAll(caller, right, patterns) {
      if (caller.scopes !== undefined) return false;
      if (caller.principal === adminName) return decide(adminName, right, '');
      const own = caller.principal === null ? [] : (rulesOf.get(caller.principal) ?? []);
      return patterns.every((wanted) =>
        own.some((rule) => rule.actions.has(right) && coversPattern(rule.pattern, wanted)),
      );
    },
    isAdmin: (caller) => caller.principal === adminName && caller.scopes === undefined,
  };
}

/**
 * Docker's token scopes know pull, push, delete and *. To sign or to inspect is to read, so a token for pull does; to purge
 * is to delete. To release, to govern and to promote is no business of such a token.
 */
function scopeCovers(actions: ReadonlySet<string>, right: Right): boolean {
  if (right === 'release' || right === 'govern' || right === 'promote') return false;
  if (actions.has('*')) return true;
  return actions.has(scopeFor[right] ?? right);
}

const scopeFor: Partial<Record<Right, string>> = { sign: 'pull', inspect: 'pull', purge: 'delete' };
