import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decided } from './admission.fixtures.ts';
import { openKeptDecisions } from './kept-decisions.ts';

describe('decisions kept in files', () => {
  let folder: string;
  let time: number;
  const now = (): number => time;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kept-'));
    time = 1_000_000;
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const onlyFile = async (): Promise<string> => join(folder, (await readdir(folder))[0]!);

  it('count until their end, for their own question', async () => {
    const decision = decided({ warnings: ['w'], validUntil: '2030-01-01T00:00:00Z' });
    await (await openKeptDecisions(folder, now)).keep('a', decision, time + 1000);
    const kept = await openKeptDecisions(folder, now);
    expect(await kept.recall('a')).toEqual(decision);
    expect(await kept.recall('b')).toBeUndefined();
    time += 999;
    expect(await kept.recall('a')).toEqual(decision);
    time += 1;
    expect(await kept.recall('a')).toBeUndefined();
    time -= 1001;
    expect(await kept.recall('a')).toBeUndefined();
  });

  it('do not count where the file is not as it was written', async () => {
    const kept = await openKeptDecisions(folder, now);
    await kept.keep('a', decided(), time + 1000);
    const file = await onlyFile();
    const text = await readFile(file, 'utf8');
    for (const other of [
      '',
      '{',
      text.slice(0, -5),
      text.replace('"allow"', '"fine"'),
      text.replace('"a"', '"b"'),
    ]) {
      await writeFile(file, other);
      expect(await kept.recall('a')).toBeUndefined();
    }
    await writeFile(file, text);
    expect(await kept.recall('a')).toEqual(decided());
  });

  it('are not kept where others could write', async () => {
    await chmod(folder, 0o770);
    await expect(openKeptDecisions(folder, now)).rejects.toThrow('is open to others');
  });

  it('do not pile up', async () => {
    const kept = await openKeptDecisions(folder, now);
    for (let count = 0; count < 2000; count += 1) await writeFile(join(folder, `${count}.json`), '');
    await kept.keep('a', decided(), time + 1000);
    expect((await readdir(folder)).length).toBeLessThanOrEqual(1001);
  });
});
