import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeRandom } from '../fuzz/random.ts';
import { lacksTools } from '../requirements.ts';
import { seed } from '../seed.ts';
import { oddArchive } from './odd-archive.ts';
import { readTwice } from './two-readers.ts';

describe.skipIf(lacksTools(['go']))('an odd archive', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tar-'));
  const program = join(folder, 'list-tar');
  beforeAll(() => {
    execFileSync('go', ['build', '-o', program, join(import.meta.dirname, 'list-tar.go')]);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([1, 2, 3, 4])('is read as container engines read it, or does not pass (series %d)', (series) => {
    const random = makeRandom(`${seed} ${series}`);
    const archives = Array.from({ length: 2000 }, () => oddArchive(random));
    const compared = readTwice(program, archives);
    for (const { index, ours, theirs } of compared)
      expect({ seed, series, index, told: ours }).toEqual({ seed, series, index, told: theirs });
    expect(compared.length).toBeGreaterThan(200);
  });
});
