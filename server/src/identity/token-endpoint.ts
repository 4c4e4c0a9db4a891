import { WharfingerError } from '@wharfinger/lib/errors';
import { catalogScope, type Caller } from '@wharfinger/lib/registry/host';
import { isRepositoryName } from '@wharfinger/lib/oci/reference';
import type { TokenGrant, TokenScope, TokenStore } from './tokens.ts';

const grantable = ['pull', 'push', 'delete'] as const;
const maxScopes = 64;

/**
 * Answers Docker's token request (distribution, "Token Authentication Specification"): the token is good for that part
 * of the scopes asked for which the caller has rights for; nothing left over is still a token, as clients expect.
 *
 * @param scopes as asked for, `repository:team/app:pull,push`; several may stand in one, separated by spaces
 */
export function answerTokenRequest(
  caller: Caller,
  scopes: readonly string[],
  may: (caller: Caller, right: 'pull' | 'push' | 'delete', repository: string) => boolean,
  tokens: TokenStore,
): TokenAnswer {
  const asked = scopes.flatMap((text) => text.split(' ')).filter((text) => text !== '');
  if (asked.length > maxScopes)
    throw new WharfingerError('INPUT_INVALID', { what: `more than ${maxScopes} scopes` });
  const granted = asked.map(parseScope).map((scope): TokenScope => {
    // A token for the list of repositories shows what its principal may pull, no more.
    if (scope.repository === catalogScope) return { repository: catalogScope, actions: new Set('*') };
    const wanted = scope.actions.has('*')
      ? grantable
      : grantable.filter((action) => scope.actions.has(action));
    return {
      repository: scope.repository,
      actions: new Set(wanted.filter((action) => may(caller, action, scope.repository))),
    };
  });
  return answerWithToken(tokens, { principal: caller.principal, scopes: granted });
}

/** A token as Docker's clients read it. */
export interface TokenAnswer {
  readonly token: string;
  readonly access_token: string;
  readonly expires_in: number;
  readonly issued_at: string;
}

/** Makes a token for a grant. */
export function answerWithToken(tokens: TokenStore, grant: TokenGrant): TokenAnswer {
  const issued = tokens.issue(grant);
  return {
    token: issued.token,
    access_token: issued.token,
    expires_in: issued.expiresIn,
    issued_at: issued.issuedAt.toISOString(),
  };
}

/** `type:name:actions`; the name may hold colons (a host's port). What is no repository grants nothing. */
function parseScope(text: string): TokenScope {
  const first = text.indexOf(':');
  const last = text.lastIndexOf(':');
  if (first <= 0 || last <= first)
    throw new WharfingerError('INPUT_INVALID', {
      what: `scope ${JSON.stringify(text.slice(0, 200))} is not type:name:actions`,
    });
  const repository = text.slice(first + 1, last);
  if (text.slice(0, last) === catalogScope) return { repository: catalogScope, actions: new Set() };
  const isRepository = text.slice(0, first) === 'repository' && isRepositoryName(repository);
  return { repository, actions: new Set(isRepository ? text.slice(last + 1).split(',') : []) };
}
