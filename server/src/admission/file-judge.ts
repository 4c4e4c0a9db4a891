import { judgeContent } from '@wharfinger/lib/assess/judge-content';
import { earliest } from '@wharfinger/lib/assess/rules-for';
import { remoteContent } from '@wharfinger/lib/client/content-source';
import type { Credentials } from '@wharfinger/lib/client/credentials';
import type { ImageSource } from '@wharfinger/lib/client/image-source';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { WharfingerError } from '@wharfinger/lib/errors';
import { formatReference } from '@wharfinger/lib/oci/reference';
import { advisoriesHere } from '../cli/known-advisories.ts';
import type { Session } from '../cli/session.ts';
import { combineVerdicts, type Judge, type JudgedPart } from './decision.ts';
import { followJudgement, type JudgementFile } from './judgement-file.ts';
import { makeLimit } from './limit.ts';

/** What images are judged by here, and how their registry is spoken to. */
export interface FileJudgeOptions {
  readonly file: JudgementFile;
  readonly advisories?: readonly string[];
  readonly plainHttp: boolean;
  readonly platforms: readonly string[];
  readonly login: (registry: string) => Promise<Credentials | undefined>;
  readonly session: Session;
}

/** Images taken apart at the same time: the process that does it may take 512 MiB for each. */
const mostAtOnce = 2;

/**
 * A judge that trusts no registry: it fetches image and evidence, and comes to its verdict by the judgement file. The file is
 * read again when it changes.
 */
export function makeFileJudge({ file, platforms, session, ...options }: FileJudgeOptions): Judge {
  const current = followJudgement(file, session);
  const turn = makeLimit(mostAtOnce, 10_000);
  return {
    version: async () => (await current()).version,
    async judge(reference, signal) {
      const { judgement, version } = await current();
      const advisories = await advisoriesHere(options.advisories, session);
      const credentials = await options.login(reference.registry);
      const { registry, repository, digest, tag = 'latest' } = reference;
      const opened = new RegistrySession(registry, {
        insecure: options.plainHttp,
        userAgent: 'wharfinger-admission',
        ...(credentials === undefined ? {} : { credentials }),
      });
      // ends what is under way, however long the registry would keep us waiting
      const abandon = (): void => void opened.close().catch(() => {});
      signal.addEventListener('abort', abandon, { once: true });
      try {
        signal.throwIfAborted();
        const content = remoteContent(opened, repository);
        // resolved once: what the tag names a moment later is another image
        const fetched = await content.manifest(digest ?? tag);
        if (fetched === undefined) {
          throw new WharfingerError('MANIFEST_UNKNOWN', { what: formatReference(reference) });
        }
        const parts: JudgedPart[] = [];
        for (const platform of platforms) {
          const question = {
            repository,
            judgement,
            purpose: 'deploy' as const,
            now: session.now(),
            advisories,
            platform,
            evidenceOf: (name: string) => (name === repository ? content : remoteContent(opened, name)),
            inspectLayers: (layers: ImageSource['layers']) =>
              session.inspectLayers(inputsOf(layers), undefined, { signal }),
          };
          const { verdict, images } = await turn(() => judgeContent(content, fetched, question));
          parts.push({ verdict }, ...images);
          // an image is for all platforms what it is
          if (images.length === 0) break;
        }
        const decision = combineVerdicts(fetched.digest, parts);
        // nobody may judge by a judgement that has expired
        const validUntil = earliest(decision.validUntil, judgement.expires);
        return { ...decision, judgedBy: version, ...(validUntil === undefined ? {} : { validUntil }) };
      } finally {
        signal.removeEventListener('abort', abandon);
        await opened.close();
      }
    },
  };
}

function inputsOf(layers: ImageSource['layers']) {
  return layers.map((layer) => ({
    digest: layer.descriptor.digest,
    source: { stream: () => layer.open() },
  }));
}
