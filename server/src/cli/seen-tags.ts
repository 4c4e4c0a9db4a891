import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TagName } from '@wharfinger/lib/signing/channels/channel';
import type { Seen } from '@wharfinger/lib/signing/channels/freshness';
import {
  emptyMemory,
  parseMemory,
  recall,
  remember,
  serialiseMemory,
  type Memory,
} from '@wharfinger/lib/signing/channels/memory';

/** Where this machine remembers what tags meant: in $XDG_STATE_HOME, else ~/.local/state. */
function memoryFile(environment: NodeJS.ProcessEnv): string {
  const states = environment['XDG_STATE_HOME'] || join(environment['HOME'] || homedir(), '.local', 'state');
  return join(states, 'wharfinger', 'tags.json');
}

/** What was seen here of a tag before. @throws WharfingerError SIGNATURE_INVALID where the memory cannot be read */
export async function seenTag(environment: NodeJS.ProcessEnv, name: TagName): Promise<Seen> {
  return recall(await readMemory(memoryFile(environment)), name);
}

/** Remembers what was seen of a tag. Of two who write at once, what the later one knows stays. */
export async function noteTag(environment: NodeJS.ProcessEnv, name: TagName, seen: Seen): Promise<void> {
  const file = memoryFile(environment);
  const memory = remember(await readMemory(file), name, seen);
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, serialiseMemory(memory), { mode: 0o600 });
  await rename(draft, file);
}

async function readMemory(file: string): Promise<Memory> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return emptyMemory;
    throw error;
  }
  return parseMemory(bytes);
}
