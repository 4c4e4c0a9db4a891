import { dirname } from 'node:path';
import type { TraceEvent } from './trace.ts';

/** Something that the registry answered 201 for. */
export interface Acknowledged {
  readonly digest: string;
  /** text in the bytes of a blob by which its file is known; absent for manifests, which lie in the database */
  readonly marker?: string;
}

export const missing = {
  data: 'the data was not synced',
  rename: 'the file was not moved to its place',
  directory: 'the directory was not synced',
  log: 'the log of the database was not synced',
} as const;

/**
 * What a trace does not prove of the answers given: that before each 201 began to be sent, the blob's data was synced, its file
 * moved to its place, the directory of that place synced, and the database's log synced with what names the digest.
 */
export function unproven(events: readonly TraceEvent[], acknowledged: readonly Acknowledged[]): string[] {
  return acknowledged.flatMap(({ digest, marker }) => {
    const answer = events.find(
      ({ text }) => text.includes('HTTP/1.1 201 ') && text.includes(digest) && !text.includes('-wal>'),
    );
    if (answer === undefined) return [`${digest}: no answer 201 in the trace`];
    const before = events.filter(({ end }) => end < answer.begin);
    const found = marker === undefined ? [] : unprovenFile(before, marker);
    if (!isLogSynced(before, digest)) found.push(missing.log);
    return found.map((what) => `${digest}: ${what}`);
  });
}

function unprovenFile(before: readonly TraceEvent[], marker: string): string[] {
  const first = before.find((event) => isWrite(event) && event.text.includes(marker));
  if (first === undefined) return [missing.data];
  const last = before.findLast((event) => isWrite(event) && event.path === first.path)!;
  const found: string[] = [];
  const synced = before.find((event) => isSync(event) && event.path === first.path && event.begin > last.end);
  if (synced === undefined) found.push(missing.data);
  const move = before
    .filter(({ call }) => /^(rename|link)/.test(call))
    .map((event) => ({ event, paths: pathsOfMove(event.text) }))
    // moved before the data is safe, a name could stand for nothing after a power loss
    .find(({ event, paths }) => paths[0] === first.path && event.begin > (synced?.end ?? last.end));
  if (move === undefined) return [...found, missing.rename, missing.directory];
  const folder = dirname(move.paths[1] ?? '');
  const listed = before.some(
    (event) => event.call === 'fsync' && event.path === folder && event.begin > move.event.end,
  );
  return listed ? found : [...found, missing.directory];
}

/** True if a write to the log that holds the digest is followed by a sync of the log. */
function isLogSynced(before: readonly TraceEvent[], digest: string): boolean {
  const write = before.find(
    (event) => isWrite(event) && event.path.endsWith('-wal') && event.text.includes(digest),
  );
  return (
    write !== undefined &&
    before.some((event) => isSync(event) && event.path === write.path && event.begin > write.end)
  );
}

function isWrite({ call }: TraceEvent): boolean {
  return /^p?writev?(64)?$/.test(call);
}

export function isSync({ call }: TraceEvent): boolean {
  return call === 'fsync' || call === 'fdatasync';
}

/** Old and new path of a rename or link, with or without folders given as descriptors. */
function pathsOfMove(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"/g)].map(([, path]) => path!);
}
