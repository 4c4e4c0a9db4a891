import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { wharf, type Ran } from '../../server/src/cli/wharf.fixtures.ts';

let folder: string;
const at = (name: string): string => join(folder, name);
const said = (...given: string[]): Promise<Ran> =>
  wharf(['grant', ...given], { environment: { HOME: folder, WHARF_KEY_PASSWORD: 'a password' }, folder });
async function done(...given: string[]): Promise<Record<string, unknown>> {
  const { code, output, error } = await said(...given, '--json');
  if (code !== 0) throw new Error(`${given.join(' ')}: ${code}: ${error}`);
  return JSON.parse(output) as Record<string, unknown>;
}
const request = [
  'request',
  '--id',
  'outage-7',
  '--repository',
  'prod/shop',
  '--reason',
  'it burns',
  '--by',
  'dave',
];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wharf-grant-'));
  for (const name of ['ann', 'bob']) {
    const given = ['key', 'generate', '--output-key-prefix', at(name)];
    await wharf(given, { environment: { HOME: folder, WHARF_KEY_PASSWORD: 'a password' } });
  }
  await done(...request, '--hours', '4', '-o', 'outage.json');
  for (const name of ['ann', 'bob'])
    await done('sign', 'outage.json', '--key', `${name}.key`, '-o', `${name}.json`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('a grant is asked for, signed by each, and shown with those whose keys verify', async () => {
  expect(await done('show', 'ann.json', 'bob.json', '--key', 'ann.pub', 'bob.pub')).toMatchObject({
    grant: { id: 'outage-7', scope: { repositories: ['prod/shop'] }, purposes: ['pull', 'deploy'] },
    hours: 4,
    over: false,
    approvedBy: ['ann.pub', 'bob.pub'],
  });
  expect(await done('show', 'ann.json', 'bob.json', '--key', 'bob.pub')).toMatchObject({
    approvedBy: ['bob.pub'],
  });
  const { output } = await said('show', 'ann.json');
  expect(output).toContain('outage-7: it burns\n  for prod/shop, to pull, deploy\n  requested by dave\n');
});

it('what was signed is not changed without notice', async () => {
  const envelope = JSON.parse(readFileSync(at('ann.json'), 'utf8')) as { payload: string };
  const longer = Buffer.from(envelope.payload, 'base64').toString().replace('prod/shop', 'prod/ship');
  writeFileSync(
    at('other.json'),
    JSON.stringify({ ...envelope, payload: Buffer.from(longer).toString('base64') }),
  );
  expect(await done('show', 'other.json', '--key', 'ann.pub')).toMatchObject({ approvedBy: [] });
  const { code, error } = await said('show', 'ann.json', 'other.json', '--key', 'ann.pub');
  expect([code, error]).toEqual([1, expect.stringContaining('its approvers signed different grants')]);
});

it.each([
  [['--hours', 'many'], 'is not a number of hours'],
  [['--hours', '4000'], 'until is more than 744 hours after'],
  [['--hours', '4', '--digest', 'latest'], 'digest must be a digest'],
  [['--hours', '4', '--from', 'soon'], 'is not a time'],
])('a request that cannot be is refused: %j', async (given, says) => {
  const { code, error } = await said(...request, ...given);
  expect([code === 0, error]).toEqual([false, expect.stringContaining(says)]);
});
