import { parseStrictJson } from '../../oci/strict-json.ts';
import { isDigest, type Digest } from '../../oci/digest.ts';
import { refuse } from '../refusal.ts';
import { objectOf, onlyKeys, stringOf } from '../strict-fields.ts';
import type { TagName } from './channel.ts';
import { counterOf } from './fields.ts';
import type { Seen } from './freshness.ts';

/** What somebody remembers of all tags that they verified. Repositories and tags are keyed with their registry. */
export interface Memory {
  readonly channels: ReadonlyMap<string, { readonly counter: number; readonly digest: Digest }>;
  readonly snapshots: ReadonlyMap<string, { readonly version: number; readonly revocations: number }>;
}

export const emptyMemory: Memory = { channels: new Map(), snapshots: new Map() };

const repositoryKey = ({ registry, repository }: TagName): string => `${registry} ${repository}`;
const tagKey = (name: TagName): string => `${repositoryKey(name)}:${name.tag}`;

/** What is remembered of one tag. */
export function recall(memory: Memory, name: TagName): Seen {
  const channel = memory.channels.get(tagKey(name));
  const snapshot = memory.snapshots.get(repositoryKey(name));
  return { ...(channel && { channel }), ...(snapshot && { snapshot }) };
}

/** The memory with what was just seen; never less than it knew, so that two who write at once lose nothing. */
export function remember(memory: Memory, name: TagName, { channel, snapshot }: Seen): Memory {
  const known = recall(memory, name);
  const channels = new Map(memory.channels);
  const snapshots = new Map(memory.snapshots);
  if (channel && channel.counter >= (known.channel?.counter ?? 0)) channels.set(tagKey(name), channel);
  if (snapshot) {
    snapshots.set(repositoryKey(name), {
      version: Math.max(snapshot.version, known.snapshot?.version ?? 0),
      revocations: Math.max(snapshot.revocations, known.snapshot?.revocations ?? 0),
    });
  }
  return { channels, snapshots };
}

/** The memory as a JSON document. */
export function serialiseMemory({ channels, snapshots }: Memory): string {
  const sorted = <T>(map: ReadonlyMap<string, T>): object =>
    Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
  return `${JSON.stringify({ format: 1, channels: sorted(channels), snapshots: sorted(snapshots) }, undefined, 2)}\n`;
}

/**
 * Reads what `serialiseMemory` wrote. What cannot be read is refused: to forget would be to be led back.
 * @throws WharfingerError SIGNATURE_INVALID
 */
export function parseMemory(bytes: Uint8Array): Memory {
  const fields = objectOf(
    parseStrictJson(bytes, (what) => refuse(`what was seen before cannot be read: ${what}`)),
    'the memory',
  );
  onlyKeys(fields, ['format', 'channels', 'snapshots'], 'the memory');
  if (fields['format'] !== 1) refuse('what was seen before has another format; another version wrote it');
  return {
    channels: new Map(
      Object.entries(objectOf(fields['channels'], 'channels')).map(([key, value]) => {
        const entry = objectOf(value, key);
        const digest = stringOf(entry['digest'], `the digest of ${key}`);
        if (!isDigest(digest)) return refuse(`the digest of ${key} is none`);
        return [key, { counter: counterOf(entry['counter'], `the number of ${key}`), digest }];
      }),
    ),
    snapshots: new Map(
      Object.entries(objectOf(fields['snapshots'], 'snapshots')).map(([key, value]) => {
        const entry = objectOf(value, key);
        const version = counterOf(entry['version'], `the number of ${key}`);
        return [key, { version, revocations: counterOf(entry['revocations'], `the revocations of ${key}`) }];
      }),
    ),
  };
}
