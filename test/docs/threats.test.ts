import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const guide = readFileSync(join(root, 'docs/guide/threats.md'), 'utf8');
const threats = [...guide.matchAll(/^\| (.+?) \| .+ \| .+ \|$/gm)].map(([, threat]) => threat!).slice(1);
const tests = globSync('test/threats/*.test.ts', { cwd: root })
  .map((file) => readFileSync(join(root, file), 'utf8'))
  .join('\n');

test('every threat of the guide has a test of its name', () => {
  expect(threats.length).toBeGreaterThan(20);
  expect(threats.filter((threat) => !tests.includes(`'${threat}'`))).toEqual([]);
});
