import { WharfingerError } from '@wharfinger/lib/errors';
import { z } from 'zod';
import { answerTokenRequest, answerWithToken } from '../../identity/token-endpoint.ts';
import type { LentImage, TokenStore } from '../../identity/tokens.ts';
import { tokenPath } from '../../gate/registry-host.ts';
import { parseInput, type ApiContext } from '../context.ts';

/** Clients also say service, account, client_id and more: they change nothing here. */
const tokenQuery = z.object({ scope: z.union([z.string(), z.array(z.string())]).default([]) });

/** Docker's token endpoint. Clients that try OAuth's POST first get 404 and turn to GET, as they do elsewhere. */
export function addTokenRoutes(context: ApiContext, tokens: TokenStore): void {
  context.app.get(tokenPath, async (request) => {
    const { opens, principal } = request.caller;
    // It ends with the one that it is given for, whatever is asked.
    if (opens !== undefined)
      return answerWithToken(tokens, { principal, scopes: [], opens: opens as LentImage });
    // Else a token that was stolen could be renewed for ever.
    if (request.caller.scopes !== undefined)
      throw new WharfingerError('UNAUTHORIZED', { what: 'tokens are given for a password, not for a token' });
    const { scope } = parseInput(tokenQuery, request.query);
    return answerTokenRequest(
      request.caller,
      typeof scope === 'string' ? [scope] : scope,
      (caller, right, repository) => context.rights().may(caller, right, repository),
      tokens,
    );
  });
}
