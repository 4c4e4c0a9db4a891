import { createHash, randomBytes } from 'node:crypto';
import type { OpenImage } from '@wharfinger/lib/registry/host';
import { growingCache } from '../memory/growing-cache.ts';

/** Actions on repositories that a bearer token is good for. */
export interface TokenScope {
  readonly repository: string;
  readonly actions: ReadonlySet<string>;
}

export interface TokenGrant {
  readonly principal: string | null;
  readonly scopes: readonly TokenScope[];
  /** the one image that it is good for, instead of scopes */
  readonly opens?: LentImage;
}

/** An image that is open to whoever has the token, until it is taken back. */
export interface LentImage extends OpenImage {
  readonly until: AbortSignal;
}

/** Short-lived bearer tokens, as Docker's token authentication hands them out: random secrets, kept as SHA-256. */
export interface TokenStore {
  /** Makes a token for a grant, for a quarter of an hour or the seconds given. */
  issue(grant: TokenGrant, seconds?: number): { token: string; expiresIn: number; issuedAt: Date };
  /** What a token stands for; undefined if it is unknown or has expired. */
  find(token: string): TokenGrant | undefined;
  /** Forgets all tokens: rights changed. */
  clear(): void;
}

const lifetimeSeconds = 900;

/** Tokens in memory: they die with the process, and clients then ask for new ones by themselves. */
export function createTokenStore(now: () => Date): TokenStore {
  const grants = growingCache<string, TokenGrant & { expires: number }>(200_000);
  const key = (token: string): string => createHash('sha256').update(token).digest('base64');
  return {
    issue(grant, seconds = lifetimeSeconds) {
      const issuedAt = now();
      const token = randomBytes(32).toString('base64url');
      grants.set(key(token), { ...grant, expires: issuedAt.getTime() + seconds * 1000 });
      return { token, expiresIn: seconds, issuedAt };
    },
    find(token) {
      const grant = grants.get(key(token));
      if (grant === undefined || grant.opens?.until.aborted) return undefined;
      return grant.expires > now().getTime() ? grant : undefined;
    },
    clear: () => grants.clear(),
  };
}
