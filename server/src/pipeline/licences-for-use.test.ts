import type { Facts } from '@wharfinger/lib/routines/facts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { admin, startTestServer, type TestServer } from '../testing/running-server.ts';
import { checked, pushChecked } from '../testing/pushed-image.ts';

const reader = 'reader:password-of-reader';
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({
    users: [
      { name: 'reader', password: 'password-of-reader', rights: [{ repositories: '**', actions: ['pull'] }] },
    ],
    namespaces: [{ name: 'shop', externalFacing: true }, { name: 'office' }],
  });
  const { status, text } = await server.call('POST', '/api/v1/bindings', {
    as: admin,
    body: {
      id: 'licences',
      collection: 'standard',
      routine: 'licences-for-use',
      parameters: {},
      scope: {},
      purposes: ['pull'],
      effect: 'hold',
    },
  });
  if (status !== 200) throw new Error(`the binding was refused: ${text}`);
});
afterAll(() => server[Symbol.asyncDispose]());

async function pulled(repository: string): Promise<string> {
  const { status, text } = await server.call('GET', `/v2/${repository}/manifests/v1`, { as: reader });
  return status === 200 ? 'served' : `${status} ${text}`;
}

test.each([
  ['AGPLv3+', 'AGPL-3.0-or-later (network-copyleft)'],
  ['GPL-2.0 or later', 'GPL-2.0-or-later (strong-copyleft)'],
])(
  'a licence that is fine within the house holds the image where customers get it: %s',
  async (licence, told) => {
    const name = licence.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
    const content = { packages: { pad: '1.0.0' }, licence };
    await pushChecked(server, `office/${name}`, 'v1', content);
    const { digest } = await pushChecked(server, `shop/${name}`, 'v1', content);
    await checked(server, `shop/${name}`, digest);
    expect(await pulled(`office/${name}`)).toBe('served');
    expect(await pulled(`shop/${name}`)).toMatch(/^403 /);
    expect(await pulled(`shop/${name}`)).toContain(
      `npm pad 1.0.0 is under ${told}, and the image is handed to others`,
    );
  },
);

test('of a choice the licence that fits counts', async () => {
  await pushChecked(server, 'shop/choice', 'v1', { packages: { pad: '1.0.0' }, licence: '(GPL-3.0 OR MIT)' });
  expect(await pulled('shop/choice')).toBe('served');
});

test('a licence that nobody knows holds the image, inside as well, and says so', async () => {
  const { digest } = await pushChecked(server, 'office/odd', 'v1', {
    packages: { pad: '1.0.0' },
    licence: 'MIT AND See the file',
  });
  expect(await pulled('office/odd')).toContain(
    'the licence of npm pad 1.0.0 is not known whole: See the file',
  );
  const { text } = await server.call('GET', `/api/v1/images?repository=office/odd&reference=${digest}`, {
    as: admin,
  });
  const { facts } = JSON.parse(text) as { facts: Facts };
  expect(facts.inventory?.licences).toEqual([
    {
      from: 'record',
      unknown: ['See the file'],
      choices: [
        {
          licences: ['MIT', 'See the file'],
          without: ['MIT', 'See the file'],
          categories: ['permissive', 'unknown'],
          obligations: ['notice'],
        },
      ],
      system: false,
      packages: ['npm pad 1.0.0'],
    },
  ]);
});
