import type { Credentials } from '../client/credentials.ts';
import { remoteContent } from '../client/content-source.ts';
import { RegistrySession } from '../client/registry-session.ts';
import { WharfingerError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import type { EvidenceSource } from '../oci/evidence-source.ts';
import { formatReference, parseReference, type Reference } from '../oci/reference.ts';
import type { Purpose } from '../routines/verdict.ts';
import type { Seen } from '../signing/channels/freshness.ts';
import { checkTag, type TagCheck } from './check-tag.ts';
import { withGivenVex } from './given-vex.ts';
import { judgeContent, type JudgeContentOptions, type JudgedImage } from './judge-content.ts';
import type { Judgement } from './judgement-document.ts';
import { openJudgement } from './judgement-seal.ts';
import type { KnownAdvisories } from './match-advisories.ts';
import { readVexFile } from './vex-file.ts';

/** What an image in a registry is verified with. */
export interface VerifyImageOptions {
  /** what `wharf judgement export` wrote: signed by a registry */
  readonly judgement: Uint8Array;
  /** public keys (PEM) of the registries whose judgements are taken; what `wharf judgement key` wrote */
  readonly registryKeys: readonly string[];
  readonly now: Date;
  /** what the image is to be used for; absent: deploy */
  readonly purpose?: Purpose;
  /** absent: there are none here, and what needs them is undecided, which is never a pass */
  readonly advisories?: KnownAdvisories;
  /**
   * VEX documents (OpenVEX, CycloneDX, CSAF) that count as if the registry of the judgement had them, and whose word they are, as its
   * routines name it: `user/ann`, `feed/vendor`
   */
  readonly vex?: { readonly documents: readonly Uint8Array[]; readonly by: string };
  /** os/architecture[/variant] of the one image of an index that is meant; absent: all of them must pass */
  readonly platform?: string;
  /** the repository as whose image it is judged; absent: its own */
  readonly repository?: string;
  /** version of the last judgement that was seen: an older one is refused */
  readonly seenVersion?: number;
  /** demands that the tag means what its publisher signed last; absent: whatever the registry says it means */
  readonly tag?: TagCheck;
  readonly credentials?: Credentials;
  /** true: the registry is spoken to without TLS; this machine always is */
  readonly insecure?: boolean;
  readonly inspectLayers?: JudgeContentOptions['inspectLayers'];
}

/** What was judged, and where its tag was checked, what to remember of that. */
export type VerifiedImage = JudgedImage & { readonly seen?: Seen };

/**
 * Verifies an image in any registry, without trusting it: fetches its bytes and evidence, takes it apart, and judges it by a
 * judgement that a Wharfinger registry signed. No server is asked but the one that the image lies in.
 *
 * Take what passed by `digest`: the tag may name another image a moment later.
 *
 * @param reference as people write it: `host/repository:tag`, `host/repository@sha256:…`
 * @throws WharfingerError TAG_NOT_FRESH, JUDGEMENT_UNTRUSTED, JUDGEMENT_INVALID, VEX_INVALID, REFERENCE_INVALID, MANIFEST_UNKNOWN, REMOTE_FAILED …; nothing
 *   that is thrown is a pass
 */
export async function verifyImage(reference: string, options: VerifyImageOptions): Promise<VerifiedImage> {
  const { now, seenVersion, credentials, insecure, inspectLayers, platform } = options;
  const { judgement: theirs } = openJudgement(options.judgement, {
    registryKeys: options.registryKeys.map((pem, index) => ({ name: `registry key ${index + 1}`, pem })),
    now,
    ...(seenVersion === undefined ? {} : { seenVersion }),
  });
  const { vex } = options;
  const judgement = vex
    ? withGivenVex(
        theirs,
        vex.documents.map((bytes, index) => readVexFile(bytes, `VEX document ${index + 1}`)),
        vex.by,
      )
    : theirs;
  const parsed = parseReference(reference);
  const session = new RegistrySession(parsed.registry, {
    userAgent: 'wharfinger',
    ...(credentials && { credentials }),
    ...(insecure === undefined ? {} : { insecure }),
  });
  try {
    const content = remoteContent(session, parsed.repository);
    const fetched = await content.manifest(parsed.digest ?? parsed.tag ?? 'latest');
    if (fetched === undefined)
      throw new WharfingerError('MANIFEST_UNKNOWN', { what: formatReference(parsed) });
    const repository = options.repository ?? parsed.repository;
    const seen = await checkedTag(parsed, fetched.digest, content, judgement, { ...options, repository });
    const judged = await judgeContent(content, fetched, {
      repository,
      judgement,
      purpose: options.purpose ?? 'deploy',
      now,
      advisories: options.advisories,
      evidenceOf: (name) => (name === repository ? content : remoteContent(session, name)),
      ...(platform === undefined ? {} : { platform }),
      ...(inspectLayers && { inspectLayers }),
    });
    return { ...judged, ...(seen && { seen }) };
  } finally {
    await session.close();
  }
}

async function checkedTag(
  { tag, digest }: Reference,
  resolved: Digest,
  source: EvidenceSource,
  judgement: Judgement,
  options: VerifyImageOptions & { readonly repository: string },
): Promise<Seen | undefined> {
  if (options.tag === undefined) return undefined;
  if (digest !== undefined)
    throw new WharfingerError('REFERENCE_INVALID', { what: 'a digest needs no check of its tag' });
  const name = { repository: options.repository, tag: tag ?? 'latest', digest: resolved };
  const { registryKeys, now } = options;
  return checkTag(name, source, judgement, { ...options.tag, registryKeys, now });
}
