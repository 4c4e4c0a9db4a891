import type { ChainSource } from '@wharfinger/lib/custody/chain-source';
import { fetchImage, type Place } from '@wharfinger/lib/custody/read-image';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { refusalReason } from '@wharfinger/lib/signing/refusal';
import type { OpenChain } from './open-chain.ts';

/** More tags than are looked at to name what an unattributed layer lies on. */
const mostTags = 50;

/** A source that knows the images under other tags of the repository too, by the layers that they consist of. They are read when first asked for. */
export function withKnownImages(source: ChainSource, chain: OpenChain): ChainSource {
  if (chain.tags === undefined) return source;
  let known: Promise<ReadonlyMap<Digest, Place>> | undefined;
  return {
    ...source,
    async imageByChainId(chainId) {
      known ??= readTagged(source, chain, chain.tags!());
      return (await known).get(chainId);
    },
  };
}

async function readTagged(
  source: ChainSource,
  chain: OpenChain,
  tags: AsyncIterable<string>,
): Promise<ReadonlyMap<Digest, Place>> {
  const { repository, subject } = chain;
  const known = new Map<Digest, Place>();
  let left = mostTags;
  for await (const tag of tags) {
    if ((left -= 1) < 0) break;
    const fetched = await chain.content(repository).manifest(tag);
    if (fetched === undefined || fetched.digest === subject.digest) continue;
    const place = { repository, digest: fetched.digest };
    const image = await fetchImage(source, place).catch(passOver);
    const top = image?.chainIds.at(-1);
    if (top !== undefined) known.set(top, place);
  }
  return known;
}

/** What is no image, or damaged, is nothing that could lie below. */
function passOver(error: unknown): undefined {
  if (refusalReason(error) === undefined) throw error;
}
