import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('the demonstration comes out as told', { timeout: 900_000 }, () => {
  const program = join(import.meta.dirname, '../../demo/run.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/held +minimist 1\.2\.5 has CVE-2021-44906.*fixed in 1\.2\.6/);
  expect(stdout).toMatch(/pulled, \d+ MB/);
  expect(stdout).toMatch(/layer 1 not approved/);
  expect(stdout).toMatch(/app +ferry +extend .* captain \(release\)/);
  expect(stdout).toMatch(/receipt equal byte for byte/);
  expect(stdout).toMatch(/revoked at .*: telephone stolen, FERRY-13/);
  expect(stdout).toContain('Every step came out as told.');
});
