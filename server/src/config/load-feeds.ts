import { resolve } from 'node:path';
import { parseReference, type Reference } from '@wharfinger/lib/oci/reference';
import type { CollectionTrust } from '@wharfinger/lib/assess/collection-goods';
import type { Scope } from '@wharfinger/lib/routines/records';
import type { TrustedKey } from '@wharfinger/lib/signing/evidence';
import type { FeedConfig } from './feed-schema.ts';
import { createReader } from './load-trust.ts';
import type { Config } from './schema.ts';

/** Where advisories come from, once its place was understood. */
export type FeedSource =
  | { readonly at: 'path'; readonly path: string }
  | { readonly at: 'url'; readonly url: string }
  | { readonly at: 'registry'; readonly reference: Reference; readonly trust: CollectionTrust };

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
    const found = sourceOf(feed.source, base, trust);
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

function sourceOf(
  text: string,
  base: string,
  trust: CollectionTrust,
): Pick<Feed, 'source' | 'written'> | string {
  if (text.startsWith('oci://')) {
    try {
      const reference = parseReference(text.slice('oci://'.length));
      return { written: text, source: { at: 'registry', reference, trust } };
    } catch (error) {
      return (error as Error).message;
    }
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    const url = URL.parse(text);
    if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
      return 'the source is neither a path nor an http(s) or oci:// address';
    return { written: `${url.origin}${url.pathname}`, source: { at: 'url', url: text } };
  }
  return { written: text, source: { at: 'path', path: resolve(base, text) } };
}
