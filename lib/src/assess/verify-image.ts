import type { Credentials } from '../client/credentials.ts';
import { remoteContent } from '../client/content-source.ts';
import { RegistrySession } from '../client/registry-session.ts';
import { WharfingerError } from '../errors.ts';
import { formatReference, parseReference } from '../oci/reference.ts';
import type { Purpose } from '../routines/verdict.ts';
import { judgeContent, type JudgeContentOptions, type JudgedImage } from './judge-content.ts';
import { openJudgement } from './judgement-seal.ts';
import type { KnownAdvisories } from './match-advisories.ts';

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
  /** os/architecture[/variant] of the one image of an index that is meant; absent: all of them must pass */
  readonly platform?: string;
  /** the repository as whose image it is judged; absent: its own */
  readonly repository?: string;
  /** version of the last judgement that was seen: an older one is refused */
  readonly seenVersion?: number;
  readonly credentials?: Credentials;
  /** true: the registry is spoken to without TLS; this machine always is */
  readonly insecure?: boolean;
  readonly inspectLayers?: JudgeContentOptions['inspectLayers'];
}

/**
 * Verifies an image in any registry, without trusting it: fetches its bytes and evidence, takes it apart, and judges it by a
 * judgement that a Wharfinger registry signed. No server is asked but the one that the image lies in.
 *
 * Take what passed by `digest`: the tag may name another image a moment later.
 *
 * @param reference as people write it: `host/repository:tag`, `host/repository@sha256:…`
 * @throws WharfingerError JUDGEMENT_UNTRUSTED, JUDGEMENT_INVALID, REFERENCE_INVALID, MANIFEST_UNKNOWN, REMOTE_FAILED …; nothing
 *   that is thrown is a pass
 */
export async function verifyImage(reference: string, options: VerifyImageOptions): Promise<JudgedImage> {
  const { now, seenVersion, credentials, insecure, inspectLayers, platform } = options;
  const { judgement } = openJudgement(options.judgement, {
    registryKeys: options.registryKeys.map((pem, index) => ({ name: `registry key ${index + 1}`, pem })),
    now,
    ...(seenVersion === undefined ? {} : { seenVersion }),
  });
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
    return await judgeContent(content, fetched, {
      repository: options.repository ?? parsed.repository,
      judgement,
      purpose: options.purpose ?? 'deploy',
      now,
      advisories: options.advisories,
      evidenceOf: (name) =>
        name === (options.repository ?? parsed.repository) ? content : remoteContent(session, name),
      ...(platform === undefined ? {} : { platform }),
      ...(inspectLayers && { inspectLayers }),
    });
  } finally {
    await session.close();
  }
}
