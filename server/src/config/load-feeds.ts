import { resolve } from 'node:path';
import type { Credentials } from '@wharfinger/lib/client/credentials';
import { isLoopback } from '@wharfinger/lib/client/registry-origin';
import { parseReference, type Reference } from '@wharfinger/lib/oci/reference';
import type { CollectionTrust } from '@wharfinger/lib/assess/collection-goods';
import type { Scope } from '@wharfinger/lib/routines/records';
import type { TrustedKey } from '@wharfinger/lib/signing/evidence';
import type { FeedConfig } from './feed-schema.ts';
import { createReader } from './load-trust.ts';
import { authorizationOf, readSecret } from './outside-auth.ts';
import type { Config } from './schema.ts';

/** Where advisories come from, once its place was understood. */
export type FeedSource =
  | { readonly at: 'path'; readonly path: string }
  | {
      readonly at: 'url';
      readonly url: string;
      /** header by which the registry says who it is */
      readonly authorization?: string;
    }
  | {
      readonly at: 'registry';
      readonly reference: Reference;
      readonly trust: CollectionTrust;
      readonly credentials?: Credentials;
    };

/** A feed that can be read. */
export interface Feed {
  readonly name: string;
  readonly kind: FeedConfig['kind'];
  /** as it was written, for people: without user, password and query */
  readonly written: string;
  readonly source: FeedSource;
  /** milliseconds between two looks; absent where there is a schedule */
  readonly everyMs?: number;
  /** as cron has it, in UTC */
  readonly schedule?: string;
  readonly ecosystems?: readonly string[];
  /** of a feed of VEX: whose documents are taken, and for which repositories */
  readonly vex?: { readonly authors: readonly string[]; readonly scope: Scope };
}

export interface LoadedFeeds {
  readonly advisories: { readonly feeds: readonly Feed[] };
}

/** Most publishers renew their files every few hours. */
const usualInterval = 6 * 3_600_000;

/**
 * Reads what the configuration says of feeds.
 * @param base folder that relative paths start from
 * @param mistakes takes a sentence for everything that is wrong
 */
export async function loadFeeds(
  { advisories }: Config,
  base: string,
  mistakes: string[],
): Promise<LoadedFeeds> {
  const reader = createReader(base, mistakes);
  const feeds: Feed[] = [];
  for (const [at, feed] of advisories.feeds.entries()) {
    const where = `advisories.feeds.${at} (${feed.name})`;
    if (feeds.some(({ name }) => name === feed.name)) mistakes.push(`${where}: the name stands twice`);
    const { signedBy, every, schedule, ecosystems, vex } = feed;
    const keys = await reader.keys(signedBy?.keys ?? [], `${where}.signedBy.keys`);
    const trust = { keys: keys as TrustedKey[], needed: signedBy?.needed ?? 0 };
    const auth = await authOf(feed, base).catch((error: unknown) => {
      mistakes.push(`${where}.auth: ${(error as Error).message}`);
      return undefined;
    });
    const found = sourceOf(feed.source, base, trust, auth);
    if (typeof found === 'string') {
      mistakes.push(`${where}: ${found}`);
      continue;
    }
    feeds.push({
      name: feed.name,
      kind: feed.kind,
      ...found,
      ...(schedule === undefined ? { everyMs: every ?? usualInterval } : { schedule }),
      ...(ecosystems === undefined ? {} : { ecosystems }),
      ...(vex && { vex: { authors: [vex.author].flat(), scope: vex.scope } }),
    });
  }
  return { advisories: { feeds } };
}

/** How a registry says who it is: as a header, and as clients of registries take it. */
interface Auth {
  readonly header: string;
  /** of a user with a password alone */
  readonly credentials?: Credentials;
}

async function authOf({ auth }: FeedConfig, base: string): Promise<Auth | undefined> {
  if (auth === undefined) return undefined;
  const secret = await readSecret(auth, base, auth.type === 'bearer');
  return {
    header: authorizationOf(auth, secret),
    ...(auth.type === 'basic' && { credentials: { username: auth.user, password: secret } }),
  };
}

function sourceOf(
  text: string,
  base: string,
  trust: CollectionTrust,
  auth: Auth | undefined,
): Pick<Feed, 'source' | 'written'> | string {
  if (text.startsWith('oci://')) {
    try {
      const reference = parseReference(text.slice('oci://'.length));
      return {
        written: text,
        source: {
          at: 'registry',
          reference,
          trust,
          ...(auth?.credentials && { credentials: auth.credentials }),
        },
      };
    } catch (error) {
      return (error as Error).message;
    }
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    const url = URL.parse(text);
    if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
      return 'the source is neither a path nor an http(s) or oci:// address';
    if (url.username + url.password !== '')
      return 'user and password do not belong into the address: write auth: { type: basic, … }';
    if (auth && url.protocol === 'http:' && !isLoopback(url.hostname))
      return 'who the registry is would be told to everybody on the way: write https://';
    return {
      written: `${url.origin}${url.pathname}`,
      source: { at: 'url', url: text, ...(auth && { authorization: auth.header }) },
    };
  }
  return { written: text, source: { at: 'path', path: resolve(base, text) } };
}
