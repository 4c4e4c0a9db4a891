import { readFile, stat } from 'node:fs/promises';
import { assessImage } from '@wharfinger/lib/assess/assess-image';
import { parseJudgement, type Judgement } from '@wharfinger/lib/assess/judgement';
import type { Credentials } from '@wharfinger/lib/client/credentials';
import type { ImageSource } from '@wharfinger/lib/client/image-source';
import { openImage } from '@wharfinger/lib/client/open-image';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { formatReference } from '@wharfinger/lib/oci/reference';
import { matcherFor } from '../cli/local-advisories.ts';
import type { Session } from '../cli/session.ts';
import { inspectLayers } from '../inspection/inspect-process.ts';
import { combineVerdicts, type Judge, type JudgedPart } from './decision.ts';

/** What images are judged by here, and how their registry is spoken to. */
export interface FileJudgeOptions {
  readonly judgement: string;
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
  const { judgement: file, platforms, session } = options;
  const current = watchJudgement(file);
  return {
    version: async () => (await current()).version,
    async judge(reference, signal) {
      const { judgement } = await current();
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
          if (source.index === undefined) return combineVerdicts(digest, [{ verdict }]);
          parts.push({ platform, verdict });
        } finally {
          await source.close();
        }
      }
      return combineVerdicts(digest!, parts);
    },
  };
}

function inputsOf(layers: ImageSource['layers']) {
  return layers.map((layer) => ({
    digest: layer.descriptor.digest,
    source: { stream: () => layer.open() },
  }));
}

interface ReadJudgement {
  /** of its bytes */
  readonly version: string;
  readonly judgement: Judgement;
}

/** The judgement as it is now in the file; it is parsed once for each state of the file. */
function watchJudgement(file: string): () => Promise<ReadJudgement> {
  let read: Promise<ReadJudgement> | undefined;
  let seen: string | undefined;
  return async () => {
    const { mtimeMs, size, ino } = await stat(file);
    const mark = `${mtimeMs} ${size} ${ino}`;
    if (read === undefined || mark !== seen) {
      seen = mark;
      read = readFile(file).then((bytes) => ({
        version: digestOf(bytes),
        judgement: parseJudgement(bytes),
      }));
      // a file that cannot be used is tried again the next time, and nothing is decided until then
      read.catch(() => {
        seen = undefined;
      });
    }
    return read;
  };
}
