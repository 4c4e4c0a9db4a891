import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';

const shape = z.record(z.string().regex(/^[0-9a-f]{64}$/), z.number().int().nonnegative());

/** Where this machine remembers which judgements it has seen: in $XDG_STATE_HOME, else ~/.local/state. */
function memoryFile(environment: NodeJS.ProcessEnv): string {
  const states = environment['XDG_STATE_HOME'] || join(environment['HOME'] || homedir(), '.local', 'state');
  return join(states, 'wharfinger', 'judgements.json');
}

/** The highest version of a judgement that was seen here of the registry with this key; undefined: none was. */
export async function seenJudgement(
  environment: NodeJS.ProcessEnv,
  keyId: string,
): Promise<number | undefined> {
  return (await readMemory(memoryFile(environment)))[keyId];
}

/** Remembers that a version was seen. */
export async function noteJudgement(
  environment: NodeJS.ProcessEnv,
  keyId: string,
  version: number,
): Promise<void> {
  const file = memoryFile(environment);
  const seen = await readMemory(file);
  if ((seen[keyId] ?? -1) >= version) return;
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, JSON.stringify({ ...seen, [keyId]: version }));
  await rename(draft, file);
}

/** What is remembered. A file that cannot be read is no memory that could be relied on: it throws. */
async function readMemory(file: string): Promise<Record<string, number>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
  return shape.parse(JSON.parse(text));
}
