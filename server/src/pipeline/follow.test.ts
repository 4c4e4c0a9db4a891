import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { admin, startTestServer, until, type TestServer } from '../testing/running-server.ts';
import { pushChecked } from '../testing/pushed-image.ts';

let server: TestServer;
const reader = 'reader:password-of-reader';
const users = [
  { name: 'reader', password: 'password-of-reader', rights: [{ repositories: '**', actions: ['pull'] }] },
];
const repositories = ['team/one', 'team/two', 'team/three'];

beforeAll(async () => {
  server = await startTestServer({ users });
  for (const repository of repositories) await pushChecked(server, repository, 'v1');
});
afterAll(() => server?.[Symbol.asyncDispose]());

const statuses = () =>
  Promise.all(
    repositories.map(
      async (repository) =>
        (await server.call('GET', `/v2/${repository}/manifests/v1`, { as: reader })).status,
    ),
  );
/** How the outcomes of the images of a repository changed, the newest first. */
const outcomes = async (repository: string) => {
  const path = `/api/v1/audit?action=verdict&repository=${repository}`;
  return (await server.call('GET', path, { as: admin })).json().entries.map(({ outcome }) => outcome);
};

describe('a policy that changes', () => {
  test('decides every pull from then on, and everything is judged again by itself', async () => {
    expect(await statuses()).toEqual([200, 200, 200]);
    await server.reload({ users, namespaces: [{ name: 'team', official: true }] });
    expect(await statuses()).toEqual([403, 403, 403]);
    for (const repository of repositories) {
      await until(async () => (await outcomes(repository))[0] === 'hold');
    }
    await server.reload({ users });
    // nobody pulls: it is the sweep that judges
    for (const repository of repositories) {
      await until(async () => (await outcomes(repository))[0] !== 'hold');
    }
    expect(await statuses()).toEqual([200, 200, 200]);
  });

  test('decides also where it changed while nothing ran', async () => {
    await server.restart({ users, namespaces: [{ name: 'team', official: true }] });
    expect(await statuses()).toEqual([403, 403, 403]);
    await server.restart({ users });
    expect(await statuses()).toEqual([200, 200, 200]);
  });

  test('that changes often ends with the last one', async () => {
    for (let round = 0; round < 5; round += 1) {
      await server.reload({ users, namespaces: [{ name: 'team', official: true }] });
      await server.reload({ users });
    }
    await server.reload({ users, namespaces: [{ name: 'team', official: true }] });
    expect(await statuses()).toEqual([403, 403, 403]);
    for (const repository of repositories) {
      await until(async () => (await outcomes(repository))[0] === 'hold');
    }
  });
});
