import { assessImage } from '@wharfinger/lib/assess/assess-image';
import { earliest } from '@wharfinger/lib/assess/rules-for';
import type { Credentials } from '@wharfinger/lib/client/credentials';
import type { ImageSource } from '@wharfinger/lib/client/image-source';
import { openImage } from '@wharfinger/lib/client/open-image';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { formatReference } from '@wharfinger/lib/oci/reference';
import { matcherFor } from '../cli/local-advisories.ts';
import type { Session } from '../cli/session.ts';
import { inspectLayers } from '../inspection/inspect-process.ts';
import { combineVerdicts, type Decision, type Judge, type JudgedPart } from './decision.ts';
import { followJudgement, type JudgementFile } from './judgement-file.ts';

/** What images are judged by here, and how their registry is spoken to. */
export interface FileJudgeOptions {
  readonly file: JudgementFile;
  readonly advisories?: readonly string[];
  readonly plainHttp: boolean;
  readonly platforms: readonly string[];
  readonly login: (registry: string) => Promise<Credentials | undefined>;
  readonly session: Session;
}

/**
 * A judge that trusts no registry: it fetches image and evidence, and comes to its verdict by the judgement file. The file is
 * read again when it changes.
 */
export function makeFileJudge(options: FileJudgeOptions): Judge {
  const { file, platforms, session } = options;
  const current = followJudgement(file, session);
  return {
    version: async () => (await current()).version,
    async judge(reference, signal) {
      const { judgement, version } = await current();
      const findMatches = await matcherFor(options.advisories, session);
      const credentials = await options.login(reference.registry);
      const parts: JudgedPart[] = [];
      let digest = reference.digest;
      for (const platform of platforms) {
        signal.throwIfAborted();
        // resolved once: what the tag names a moment later is another image
        const pinned = digest === undefined ? reference : { ...reference, digest };
        const source = await openImage(formatReference(pinned), {
          platform,
          session: (registry) => {
            const opened = new RegistrySession(registry, {
              insecure: options.plainHttp,
              userAgent: 'wharfinger-admission',
              ...(credentials === undefined ? {} : { credentials }),
            });
            // ends what is under way, however long the registry would keep us waiting
            signal.addEventListener('abort', () => void opened.close().catch(() => {}), { once: true });
            return opened;
          },
        });
        try {
          const { verdict } = await assessImage(source, {
            repository: reference.repository,
            judgement,
            purpose: 'deploy',
            now: session.now(),
            findMatches,
            inspectLayers: (layers) => inspectLayers(inputsOf(layers), undefined, { signal }),
          });
          digest ??= source.index ?? source.digest;
          if (source.index === undefined)
            return endingWith(
              { ...combineVerdicts(digest, [{ verdict }]), judgedBy: version },
              judgement.expires,
            );
          parts.push({ platform, verdict });
        } finally {
          await source.close();
        }
      }
      return endingWith({ ...combineVerdicts(digest!, parts), judgedBy: version }, judgement.expires);
    },
  };
}

/** Nobody may judge by a judgement that has expired. */
function endingWith(decision: Decision, expires: string): Decision {
  const validUntil = earliest(decision.validUntil, expires);
  return { ...decision, ...(validUntil === undefined ? {} : { validUntil }) };
}

function inputsOf(layers: ImageSource['layers']) {
  return layers.map((layer) => ({
    digest: layer.descriptor.digest,
    source: { stream: () => layer.open() },
  }));
}
