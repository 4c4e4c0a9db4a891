import type { FileFacts } from '../file-facts.ts';
import { defaultLimits } from '../limits.ts';
import { NoteSink } from '../note-sink.ts';
import type { RecordedPackage } from '../file-facts.ts';

/** What was told of one file. */
export interface Observed {
  readonly packages: readonly RecordedPackage[];
  /** facts of the format that was asked for */
  readonly facts: ReadonlyArray<Extract<FileFacts, { kind: 'packages' }>>;
  /** messages of problems that hide something */
  readonly problems: readonly string[];
}

/** Reads one file as a layer's reader does, and keeps what one format of packages tells of it. */
export function observed(format: string, path: string, content: string | Uint8Array): Observed {
  const bytes = Buffer.from(content);
  const facts: Array<Extract<FileFacts, { kind: 'packages' }>> = [];
  const problems: string[] = [];
  const sink = new NoteSink(path, bytes.length, defaultLimits, {
    fact: (fact) => {
      if (fact.kind === 'packages' && fact.format === format) facts.push(fact);
    },
    problem: (_, message, hides) => {
      if (hides) problems.push(message);
    },
    executable: () => undefined,
    chart: () => undefined,
  });
  if (bytes.length > 0) sink.data(bytes);
  sink.end(true);
  return { packages: facts.flatMap(({ packages }) => packages), facts, problems };
}
