import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Agent } from 'undici';
import { hostRank, lookupUpTo } from './address-rank.ts';
import { parseChallenges } from './challenge.ts';
import type { Credentials } from './credentials.ts';
import { registryOrigin } from './registry-origin.ts';
import { remoteFailure, type Asked } from './remote-error.ts';
import {
  discard,
  failedToSend,
  isPassing,
  readText,
  refusedBy,
  retryAfter,
  type RemoteResponse,
} from './remote-response.ts';
import { TokenSource } from './token-source.ts';

/** How a registry is spoken to. */
export interface SessionOptions {
  /** plain HTTP to a host that is not loopback */
  readonly insecure?: boolean;
  readonly credentials?: Credentials;
  /** product and version, for the logs of the other side */
  readonly userAgent?: string;
  /** milliseconds before the first repetition; doubled each time */
  readonly retryDelay?: number;
}

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface RemoteRequest {
  readonly method: Method;
  /** path from the origin, or an address that the registry itself named */
  readonly url: string | URL;
  /** scopes of the token, separated by blanks: `repository:<name>:pull` */
  readonly scope: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** opened anew for each attempt */
  readonly body?: () => Uint8Array | AsyncIterable<Uint8Array>;
  /** false: the body cannot be sent twice, so that only what came before it is repeated */
  readonly repeatable?: boolean;
}

const attempts = 4;
const longestWait = 30_000;
const redirects = 5;
const passing: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

/**
 * A registry, its connections and what it was told about who we are.
 *
 * Credentials and tokens go to the registry's own origin alone (tokens' realm excepted, which the registry names); a
 * redirect takes none along, does not leave TLS, and does not lead further inside than the registry itself lies.
 */
export class RegistrySession {
  /** as references name it */
  readonly registry: string;
  readonly origin: URL;
  readonly #options: SessionOptions;
  readonly #tokens: TokenSource;
  #agent: Promise<Agent> | undefined;
  #elsewhere: Promise<{ rank: 0 | 1 | 2; agent: Agent }> | undefined;

  constructor(registry: string, options: SessionOptions = {}) {
    this.registry = registry;
    this.origin = registryOrigin(registry, options);
    this.#options = options;
    this.#tokens = new TokenSource(options.credentials, async (url, headers, form) => {
      const response = await this.#askTokenServer(url, headers, form);
      return {
        text: await readText(response, 1024 * 1024),
        fail: (what) => {
          throw remoteFailure(response, what, { status: response.status });
        },
      };
    });
  }

  /** Sends a request; authenticates, repeats and follows redirects as needed. Any status is an answer. */
  async request(request: RemoteRequest): Promise<RemoteResponse> {
    const url = new URL(request.url, this.origin);
    const first = await this.#authorised(request, url);
    return request.method === 'GET' || request.method === 'HEAD' ? this.#follow(request, first) : first;
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await (await this.#agent)?.destroy();
    await (await this.#elsewhere)?.agent.destroy();
  }

  async #authorised(request: RemoteRequest, url: URL): Promise<RemoteResponse> {
    const isOwn = url.origin === this.origin.origin;
    const sent = isOwn ? this.#tokens.header(request.scope) : undefined;
    const response = await this.#repeated(request, url, sent);
    if (response.status !== 401 || !isOwn) return response;
    const challenges = parseChallenges(response.header('www-authenticate') ?? '');
    const header = await this.#tokens.answer(challenges, request.scope, sent);
    if (header === undefined) return response;
    await discard(response);
    return this.#repeated(request, url, header);
  }

  async #follow(request: RemoteRequest, first: RemoteResponse): Promise<RemoteResponse> {
    let response = first;
    for (let count = 0; [301, 302, 303, 307, 308].includes(response.status); count += 1) {
      const location = response.header('location');
      await discard(response);
      if (count === redirects) throw remoteFailure(response, 'too many redirects', response);
      if (location === undefined || !URL.canParse(location, response.url)) {
        throw remoteFailure(response, 'a redirect that leads nowhere', response);
      }
      const url = new URL(location, response.url);
      response =
        url.origin === this.origin.origin
          ? await this.#authorised(request, url)
          : await this.#repeated(request, url, undefined);
    }
    return response;
  }

  /** Sends; what failed in passing is sent again, after the time that the other side asks for. */
  async #repeated(
    request: RemoteRequest,
    url: URL,
    authorization: string | undefined,
  ): Promise<RemoteResponse> {
    for (let attempt = 1; ; attempt += 1) {
      const again = attempt < attempts && request.repeatable !== false;
      let wait = (this.#options.retryDelay ?? 250) * 2 ** (attempt - 1);
      try {
        const response = await this.#once(request, url, authorization);
        if (!again || !passing.has(response.status)) return response;
        wait = Math.max(wait, retryAfter(response));
        await discard(response);
      } catch (error) {
        if (!again || !isPassing(error)) throw failedToSend({ method: request.method, url }, error);
      }
      await sleep(Math.min(wait, longestWait));
    }
  }

  async #once(request: RemoteRequest, url: URL, authorization: string | undefined): Promise<RemoteResponse> {
    const asked = { method: request.method, url };
    const body = request.body?.();
    const { request: send } = await loadClient();
    const response = await send(url, {
      method: request.method,
      dispatcher: await this.#agentFor(asked),
      headers: {
        'user-agent': this.#options.userAgent ?? 'wharfinger',
        'accept-encoding': 'identity',
        ...request.headers,
        ...(authorization === undefined ? {} : { authorization }),
      },
      body:
        body === undefined || body instanceof Uint8Array
          ? (body ?? null)
          : Readable.from(body, { objectMode: false }),
    });
    return {
      ...asked,
      status: response.statusCode,
      body: response.body,
      header: (name) => {
        const value = response.headers[name];
        return typeof value === 'string' ? value : undefined;
      },
    };
  }

  /** The own origin is where the user sent us. Anywhere else is where the registry sends us: see the class. */
  async #agentFor(asked: Asked): Promise<Agent> {
    const { url } = asked;
    if (url.origin === this.origin.origin) return (this.#agent ??= openAgent());
    if (url.protocol !== 'https:' && url.protocol !== this.origin.protocol) {
      throw remoteFailure(asked, `${this.registry} sends us there, which would leave TLS`);
    }
    this.#elsewhere ??= this.#guard();
    const { rank, agent } = await this.#elsewhere;
    // Sockets look no address up that stands there as a number.
    if (/^[[\d]/.test(url.hostname) && (await hostRank(url.hostname)) > rank) {
      throw remoteFailure(asked, `${this.registry} sends us there, which is an inner address`);
    }
    return agent;
  }

  async #guard(): Promise<{ rank: 0 | 1 | 2; agent: Agent }> {
    const rank = await hostRank(this.origin.hostname);
    return { rank, agent: await openAgent({ connect: { lookup: lookupUpTo(rank) } }) };
  }

  async #askTokenServer(
    url: URL,
    headers: Readonly<Record<string, string>>,
    form: string | undefined,
  ): Promise<RemoteResponse> {
    const request: RemoteRequest = {
      method: form === undefined ? 'GET' : 'POST',
      url,
      scope: '',
      headers: {
        ...headers,
        ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(form === undefined ? {} : { body: () => Buffer.from(form) }),
    };
    const response = await this.#repeated(request, url, undefined);
    if (response.status !== 200) throw await refusedBy(response);
    return response;
  }
}

/** Loaded with the first request: it is large, and who can speak to registries mostly does not. */
const loadClient = () => import('undici');

async function openAgent(options: Agent.Options = {}): Promise<Agent> {
  const client = await loadClient();
  return new client.Agent({ connections: 16, headersTimeout: 60_000, bodyTimeout: 60_000, ...options });
}
