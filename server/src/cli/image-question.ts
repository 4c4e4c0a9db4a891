import { locateImage } from '@wharfinger/lib/client/image-location';
import { formatReference, type Reference } from '@wharfinger/lib/oci/reference';
import type { Facts } from '@wharfinger/lib/routines/facts';
import type { Verdict } from '@wharfinger/lib/routines/verdict';
import { recogniseServer, type ApiClient } from './api-client.ts';
import { isLocal, type ImageOptions } from './image-options.ts';
import { imageAnswer } from './image-shape.ts';
import type { Session } from './session.ts';

/** A package that a layer had, and a later one took away or replaced. */
export interface RemovedShown {
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly layer: number;
  readonly removedIn: number;
  readonly replacedBy?: string | undefined;
}

/** Work of a server on an image that is not tried any more. */
export interface GivenUpShown {
  readonly id: number;
  readonly kind: string;
  readonly attempts: number;
}

/** What is known of an image, and who says so. */
export interface KnownImage {
  /** as the user named it, in full */
  readonly image: string;
  readonly judgedBy: 'server' | 'local';
  readonly digest: string;
  readonly facts: Facts;
  readonly inventory: { readonly removed?: readonly RemovedShown[] | undefined } | null;
  readonly verdict: Verdict;
  /** the image of the same registry whose layers are the lowest of this one; absent: none is known, or nobody was asked */
  readonly base?: {
    readonly repository: string;
    readonly digest: string;
    readonly tags: readonly string[];
    readonly layers: number;
  };
  /** work on it that failed too often; absent: none */
  readonly givenUp?: readonly GivenUpShown[];
  /** the registry holds it, and leaves out what it says itself: values of its environment and labels, its command, its instructions */
  readonly withheld?: boolean;
}

/** A registry that is a Wharfinger, and what is asked of it about one image. */
export interface ServerImage {
  readonly server: ApiClient;
  readonly image: string;
  readonly query: { readonly repository: string; readonly reference: string };
}

/**
 * The server to ask about an image: its registry, if that is a Wharfinger and nothing demands that this machine judges.
 * @throws WharfingerError REFERENCE_INVALID, ARCHIVE_INVALID, REMOTE_FAILED
 */
export async function serverFor(
  image: string,
  options: ImageOptions,
  session: Session,
): Promise<ServerImage | undefined> {
  if (isLocal(options)) return undefined;
  const location = await locateImage(image);
  if (location.kind !== 'registry') return undefined;
  const { reference } = location;
  const server = await recogniseServer(reference.registry, session);
  return server && { server, image: formatReference(reference), query: queryOf(reference) };
}

function queryOf({ repository, tag, digest }: Reference): ServerImage['query'] {
  return { repository, reference: digest ?? tag ?? 'latest' };
}

/** All that the server knows of an image. */
export async function askServer({ server, image, query }: ServerImage): Promise<KnownImage> {
  const answer = await server.get('/api/v1/images', query, imageAnswer);
  const { digest, facts, inventory, verdict, base, givenUp, withheld } = answer;
  const more = {
    ...(base && { base }),
    ...(givenUp.length > 0 && { givenUp }),
    ...(withheld && { withheld }),
  };
  return { image, judgedBy: 'server', digest, facts, inventory, verdict, ...more };
}
