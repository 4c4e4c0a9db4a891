import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isWharfingerError } from '@wharfinger/lib/errors';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from './load.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wharfinger-feed-auth-'));
  await writeFile(join(folder, 'token'), 'opens\n');
  await writeFile(join(folder, 'prose'), 'two words');
});
afterAll(() => rm(folder, { recursive: true }));

async function sourceOf(source: string, auth: string): Promise<unknown> {
  const file = join(folder, 'config.yaml');
  await writeFile(file, `advisories: { feeds: [{ name: ours, source: "${source}", auth: ${auth} }] }`);
  try {
    const { advisories } = await loadConfig({ WHARFINGER_CONFIG: file });
    return advisories.feeds[0]!.source;
  } catch (error) {
    if (isWharfingerError(error, 'CONFIG_INVALID')) return error.message;
    throw error;
  }
}

test('a feed is told who the registry is by a secret that stands there or in a file', async () => {
  const url = 'https://advisories.example/all.zip';
  const basic = `Basic ${Buffer.from('ann:opens').toString('base64')}`;
  expect(await sourceOf(url, '{ type: bearer, secretFile: token }')).toEqual({
    at: 'url',
    url,
    authorization: 'Bearer opens',
  });
  expect(await sourceOf(url, '{ type: basic, user: ann, secret: opens }')).toEqual({
    at: 'url',
    url,
    authorization: basic,
  });
  expect(
    await sourceOf('oci://registry.example/advisories', '{ type: basic, user: ann, secretFile: token }'),
  ).toMatchObject({ at: 'registry', credentials: { username: 'ann', password: 'opens' } });
});

test.each([
  ['https://advisories.example/a', '{ type: bearer }', /give either secret or secretFile/],
  ['https://advisories.example/a', '{ type: bearer, secretFile: prose }', /printable ASCII without spaces/],
  ['https://advisories.example/a', '{ type: bearer, secretFile: none }', /auth: ENOENT/],
  ['https://advisories.example/a', '{ type: basic, user: "a:b", secret: x }', /no colon/],
  ['http://advisories.example/a', '{ type: bearer, secret: x }', /write https:\/\//],
  ['./folder', '{ type: bearer, secret: x }', /begin with oci:\/\/ or http/],
  ['oci://registry.example/a', '{ type: bearer, secret: x }', /a user and a password/],
])('%s with auth %s is a mistake', async (source, auth, message) => {
  expect(await sourceOf(source, auth)).toMatch(message);
});

test('user and password in an address are a mistake, and are not told', async () => {
  const said = await sourceOf('https://ann:opens@advisories.example/a', '{ type: bearer, secret: x }');
  expect(said).toMatch(/do not belong into the address/);
  expect(said).not.toContain('opens');
});
