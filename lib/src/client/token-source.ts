import type { Challenge } from './challenge.ts';
import type { Credentials } from './credentials.ts';

/** Asks a token server; the session does it under its rules. Returns the answer's JSON text. */
export type AskTokenServer = (
  url: URL,
  headers: Readonly<Record<string, string>>,
  form: string | undefined,
) => Promise<{ readonly text: string; fail(what: string): never }>;

/**
 * The Authorization headers of one registry. Nothing is sent before the registry asked for it; a token is kept for its
 * scope until the registry refuses it, so that no clock is needed.
 */
export class TokenSource {
  readonly #credentials: Credentials | undefined;
  readonly #ask: AskTokenServer;
  readonly #tokens = new Map<string, string>();
  readonly #asking = new Map<string, Promise<string>>();
  #basic: string | undefined;

  constructor(credentials: Credentials | undefined, ask: AskTokenServer) {
    this.#credentials = credentials;
    this.#ask = ask;
  }

  /** The header for requests of this scope, if one is known already. */
  header(scope: string): string | undefined {
    return this.#tokens.get(scope) ?? this.#basic;
  }

  /**
   * Finds the answer to a challenge.
   * @param refused the header that was refused, if one was sent
   * @returns a header that was not tried yet; undefined: there is none
   */
  async answer(
    challenges: readonly Challenge[],
    scope: string,
    refused: string | undefined,
  ): Promise<string | undefined> {
    const known = this.header(scope);
    if (known !== undefined && known !== refused) return known;
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer !== undefined) return this.#token(bearer, scope);
    const basic = this.#basicHeader();
    if (!challenges.some(({ scheme }) => scheme === 'basic') || basic === refused) return undefined;
    this.#basic = basic;
    return basic;
  }

  #basicHeader(): string | undefined {
    const credentials = this.#credentials;
    if (credentials === undefined || !('username' in credentials)) return undefined;
    return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
  }

  /** Requests that need the same token at the same time ask for it once. */
  #token(bearer: Challenge, scope: string): Promise<string> | undefined {
    if (!URL.canParse(bearer.parameters['realm'] ?? '')) return undefined;
    const asking = this.#asking.get(scope) ?? this.#fetch(bearer, scope);
    this.#asking.set(scope, asking);
    return asking.finally(() => this.#asking.delete(scope));
  }

  /** Docker's token protocol: GET with Basic; a refresh token by POST (OAuth 2). */
  async #fetch(bearer: Challenge, scope: string): Promise<string> {
    const { realm = '', service, scope: asked } = bearer.parameters;
    const url = new URL(realm);
    const scopes = new Set([...scope.split(' '), ...(asked?.split(' ') ?? [])].filter((part) => part !== ''));
    const credentials = this.#credentials;
    const refresh = credentials !== undefined && 'identityToken' in credentials;
    const parameters = refresh ? new URLSearchParams() : url.searchParams;
    if (service !== undefined) parameters.set('service', service);
    if (refresh) {
      parameters.set('grant_type', 'refresh_token');
      parameters.set('client_id', 'wharfinger');
      parameters.set('refresh_token', credentials.identityToken);
      parameters.set('scope', [...scopes].join(' '));
    } else for (const one of scopes) parameters.append('scope', one);
    const basic = this.#basicHeader();
    const answer = await this.#ask(
      url,
      basic === undefined ? {} : { authorization: basic },
      refresh ? parameters.toString() : undefined,
    );
    const header = `Bearer ${tokenIn(answer.text) ?? answer.fail('the answer has no token')}`;
    this.#tokens.set(scope, header);
    return header;
  }
}

function tokenIn(text: string): string | undefined {
  let parsed: { token?: unknown; access_token?: unknown } | null;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const token = parsed?.token ?? parsed?.access_token;
  return typeof token === 'string' && /^[\x21-\x7e]+$/.test(token) ? token : undefined;
}
