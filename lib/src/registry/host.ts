import type { IncomingMessage } from 'node:http';
import type { Digest } from '../oci/digest.ts';

/**
 * What the registry handler asks of the program that embeds it. Answers that lie in memory may be given at once,
 * without a promise: these questions are asked for each request.
 */
export interface RegistryHost {
  /**
   * Who sends this request. Nobody having said who they are is the anonymous caller, not an error.
   * @throws WharfingerError UNAUTHORIZED where credentials were given that are not right
   */
  identify(request: IncomingMessage): Caller | Promise<Caller>;

  /** May the caller do this in this repository? Says nothing about whether the repository exists. */
  may(caller: Caller, action: RegistryAction, repository: string): boolean;

  /** The WWW-Authenticate header for a caller who should log in, with the scopes that the request needs. */
  challenge(request: IncomingMessage, scopes: readonly string[]): string;

  /** May this manifest be served to the caller now? Asked for GET and HEAD, by tag and by digest. */
  gateManifest(question: GateQuestion): GateAnswer | Promise<GateAnswer>;

  /** May this blob be served to the caller now? */
  gateBlob(question: GateQuestion): GateAnswer | Promise<GateAnswer>;

  /** True for a tag of this repository that must not move once it is set. */
  isTagImmutable(repository: string, tag: string): boolean;

  /** Now. */
  now(): Date;

  /** Told of every manifest served, after it was sent; must not throw. */
  served?(event: ServedEvent): void;

  /** Told of every manifest that the gate held back; must not throw. */
  refused?(event: RefusedEvent): void;

  /** Told of failures that are not the caller's: they answer 500 without a word of what they are; must not throw. */
  failed?(error: unknown, request: IncomingMessage): void;
}

export type RegistryAction = 'pull' | 'push' | 'delete';

/** Stands for the list of repositories where a token's scopes name repositories; no repository can be called so. */
export const catalogScope = 'registry:catalog';

/** Who sends a request. */
export interface Caller {
  /** null: anonymous */
  readonly principal: string | null;
  /** address as seen by the server */
  readonly address: string;
  readonly client: string;
  /**
   * What a bearer token narrows the caller's rights to; absent: all the rights that the principal has. A token asked for
   * with the scope `registry:catalog:*` has an entry for `catalogScope` with the action `*`.
   */
  readonly scopes?: ReadonlyArray<{ readonly repository: string; readonly actions: ReadonlySet<string> }>;
  /** The one image that is open to the caller, whatever rights he has: it may be read, held or not, and nothing else may be. */
  readonly opens?: OpenImage;
}

/** A manifest, its config and its layers. */
export interface OpenImage {
  readonly repository: string;
  readonly parts: ReadonlySet<Digest>;
}

export interface GateQuestion {
  readonly caller: Caller;
  readonly repository: string;
  readonly digest: Digest;
  /** the tag asked for, where it was one */
  readonly tag?: string;
}

/** Serve it, or hold it and say why. `reasons` are sentences for the person who pulls. */
export type GateAnswer =
  | { readonly serve: true }
  | { readonly serve: false; readonly reasons: readonly string[] };

export interface ServedEvent extends GateQuestion {
  readonly method: 'GET' | 'HEAD';
  readonly at: Date;
}

export interface RefusedEvent extends ServedEvent {
  /** the gate's */
  readonly reasons: readonly string[];
}
