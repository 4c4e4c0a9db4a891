import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const reference = readFileSync(join(root, 'docs/reference/api.md'), 'utf8');

/** Takes down what is registered with it, in place of a server. */
function recorder() {
  const seen: string[] = [];
  const app = {
    get: (path: string) => seen.push(`GET ${path}`),
    post: (path: string) => seen.push(`POST ${path}`),
    put: (path: string) => seen.push(`PUT ${path}`),
    delete: (path: string) => seen.push(`DELETE ${path}`),
    register: (plugin: (scope: object) => Promise<void>) => plugin(app),
    addContentTypeParser() {},
    removeAllContentTypeParsers() {},
  };
  return { app, seen };
}

async function endpoints(): Promise<string[]> {
  const { app, seen } = recorder();
  for (const file of globSync('server/src/api/*/routes.ts', { cwd: root })) {
    const room = (await import(join(root, file))) as Record<string, unknown>;
    const adders = Object.entries(room).filter(([name]) => /^add\w+Routes$/.test(name));
    expect({ file, adders }).not.toMatchObject({ adders: [] });
    for (const [, add] of adders) await (add as (...given: object[]) => unknown)({ app }, {}, {}, {});
  }
  return seen;
}

/** What the tables name: each request of a cell, and for each kind of record its three. */
function documented(): Set<string> {
  const requests = [...reference.matchAll(/`(GET|POST|PUT|DELETE) (\/[\w/.-]*)/g)].map(
    ([, method, path]) => `${method} ${path}`,
  );
  const kinds = [...reference.split('## Records')[1]!.matchAll(/^\| `([a-z-]+)` \|/gm)].map(
    ([, kind]) => kind!,
  );
  const ofKinds = kinds.flatMap((kind) =>
    requests.filter((request) => request.includes('/KIND')).map((request) => request.replace('KIND', kind)),
  );
  return new Set([...requests.filter((request) => !request.includes('/KIND')), ...ofKinds]);
}

it('the reference of the API names every endpoint that there is', async () => {
  const served = (await endpoints()).filter((endpoint) => endpoint !== 'GET /');
  expect(served.length).toBeGreaterThan(50);
  expect(served.filter((endpoint) => !documented().has(endpoint))).toEqual([]);
});

it('and no other', async () => {
  const served = new Set(await endpoints()).add('POST /auth/token'); // of which it says that it is not there
  expect([...documented()].filter((request) => !served.has(request))).toEqual([]);
});
