import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestOf, type Digest } from '../oci/digest.ts';
import { catalogScope } from './host.ts';
import { documentOf, pushImage, putDocument, startRegistry, type TestRegistry } from './registry.fixtures.ts';

const layer = digestOf('layer');

/** alice may all, reader may pull, pusher may push and pull, stranger nothing; all that only in secret/app. */
function mayInSecret(principal: string | null, action: string): boolean {
  if (principal === 'alice') return true;
  if (principal === 'reader') return action === 'pull';
  return principal === 'pusher' && action !== 'delete';
}

describe('access', () => {
  let registry: TestRegistry;
  let digest: Digest;
  beforeEach(async () => {
    registry = await startRegistry();
    ({ digest } = await pushImage(registry, 'secret/app', 'v1', ['{}', 'layer'], { user: 'alice' }));
    await pushImage(registry, 'public/app', 'v1', ['{}', 'public layer'], { user: 'alice' });
    registry.rules.may = ({ principal }, action, repository) =>
      repository.startsWith('secret/') || repository.startsWith('absent/')
        ? mayInSecret(principal, action)
        : action === 'pull' || principal === 'alice';
  });
  afterEach(() => registry.close());

  const reads = (repository: string): Array<[string, string]> =>
    ['GET', 'HEAD'].flatMap((method): Array<[string, string]> => [
      [method, `/v2/${repository}/manifests/v1`],
      [method, `/v2/${repository}/manifests/${digest}`],
      [method, `/v2/${repository}/blobs/${layer}`],
      [method, `/v2/${repository}/tags/list`],
      [method, `/v2/${repository}/referrers/${digest}`],
    ]);
  const writes = (repository: string): Array<[string, string]> => [
    ['POST', `/v2/${repository}/blobs/uploads/`],
    ['POST', `/v2/${repository}/blobs/uploads/?mount=${layer}&from=secret/app`],
    ['GET', `/v2/${repository}/blobs/uploads/x`],
    ['PATCH', `/v2/${repository}/blobs/uploads/x`],
    ['PUT', `/v2/${repository}/blobs/uploads/x?digest=${layer}`],
    ['DELETE', `/v2/${repository}/blobs/uploads/x`],
    ['PUT', `/v2/${repository}/manifests/v1`],
    ['DELETE', `/v2/${repository}/manifests/v1`],
    ['DELETE', `/v2/${repository}/manifests/${digest}`],
    ['DELETE', `/v2/${repository}/blobs/${layer}`],
  ];

  test('anonymous callers are asked to log in, whether the name exists or not', async () => {
    for (const name of ['secret/app', 'absent/app']) {
      for (const [method, path] of [...reads(name), ...writes(name)]) {
        const answer = await registry.call(method, path);
        expect([method, path, answer.status]).toEqual([method, path, 401]);
        expect(answer.headers['www-authenticate']).toContain(`repository:${name}:pull`);
      }
    }
    const push = await registry.call('POST', '/v2/secret/app/blobs/uploads/?mount=x&from=public/app');
    expect(push.headers['www-authenticate']).toContain(
      'scope="repository:secret/app:pull,push repository:public/app:pull"',
    );
    expect(push.code).toBe('UNAUTHORIZED');
  });

  test('what a signed-in caller may not read answers as an absent name does, to the byte', async () => {
    const hidden = [...reads('secret/app'), ...writes('secret/app')];
    const absent = [...reads('absent/app'), ...writes('absent/app')];
    for (const [at, [method, path]] of hidden.entries()) {
      const one = await registry.call(method, path, { user: 'stranger' });
      const other = await registry.call(...absent[at]!, { user: 'stranger' });
      // As alice sees a name that is not there.
      const asAlice = method !== 'DELETE' && method !== 'PUT' && !path.includes('/uploads/');
      const truly = asAlice ? await registry.call(...absent[at]!, { user: 'alice' }) : one;
      for (const answer of [one, other, truly]) {
        expect([method, path, answer.status]).toEqual([
          method,
          path,
          path.includes('/referrers/') ? 200 : 404,
        ]);
        expect(Object.keys(answer.headers).toSorted()).toEqual(Object.keys(one.headers).toSorted());
      }
      expect(other.body.toString()).toBe(one.body.toString());
      expect(truly.body.toString()).toBe(one.body.toString());
    }
  });

  test('a stranger makes the catalog do the same work for a hidden name as for an absent one', async () => {
    const asked: string[] = [];
    for (const method of ['resolveTag', 'getManifest', 'findBlob', 'repositoryExists', 'listTags'] as const) {
      const original = registry.catalog[method].bind(registry.catalog) as (
        ...given: unknown[]
      ) => Promise<never>;
      registry.catalog[method] = async (...given: unknown[]) => {
        asked.push(`${method} ${String(given[0])}`);
        return original(...given);
      };
    }
    const workOf = async (list: Array<[string, string]>) => {
      asked.length = 0;
      for (const [method, path] of list) await registry.call(method, path, { user: 'stranger' });
      return [...asked];
    };
    const hidden = await workOf(reads('secret/app'));
    expect(hidden).toEqual(await workOf(reads('absent/app')));
    expect(hidden.length).toBeGreaterThan(8);
    expect(hidden.join()).not.toContain('secret');
  });

  test('to whom one image is open, that may be read and nothing else, whatever his rights are', async () => {
    const other = await pushImage(registry, 'secret/app', 'v2', ['{}', 'another layer'], { user: 'alice' });
    registry.rules.opens = { repository: 'secret/app', parts: new Set([digest, layer]) };
    registry.rules.scopes = [];
    registry.rules.may = () => false;
    const answerOf = async (method: string, path: string) =>
      (await registry.call(method, path, { user: 'scanner' })).status;
    for (const method of ['GET', 'HEAD'])
      for (const path of [`manifests/${digest}`, `blobs/${layer}`])
        expect([method, path, await answerOf(method, `/v2/secret/app/${path}`)]).toEqual([method, path, 200]);
    for (const [method, path] of [
      ['GET', '/v2/secret/app/manifests/v1'],
      ['GET', `/v2/secret/app/manifests/${other.digest}`],
      ['GET', `/v2/secret/app/blobs/${digestOf('another layer')}`],
      ['GET', `/v2/public/app/manifests/${digest}`],
      ['GET', `/v2/public/app/blobs/${layer}`],
    ] as const)
      expect([path, await answerOf(method, path)]).toEqual([path, 404]);
    for (const [method, path] of [...reads('secret/app'), ...writes('secret/app')].filter(
      ([, one]) => !/(manifests|blobs)\/(v1|sha256:[0-9a-f]+)$/.test(one),
    ))
      expect([method, path, await answerOf(method, path)]).toEqual([method, path, 401]);
  });

  test('who may read but not write is told so', async () => {
    for (const [method, path] of writes('secret/app')) {
      const answer = await registry.call(method, path, { user: 'reader' });
      expect([method, path, answer.status, answer.code]).toEqual([method, path, 403, 'DENIED']);
    }
    const push = await putDocument(registry, 'secret/app', 'v2', documentOf({ manifests: [] }), {
      user: 'pusher',
    });
    expect(push.status).toBe(201);
    expect((await registry.call('DELETE', '/v2/secret/app/manifests/v2', { user: 'pusher' })).status).toBe(
      403,
    );
  });

  test('a token for something else is asked to be another one', async () => {
    registry.rules.scopes = [{ repository: 'public/app', actions: new Set(['pull']) }];
    registry.rules.may = (caller, action, repository) =>
      caller.scopes!.some((scope) => scope.repository === repository && scope.actions.has(action));
    const read = { user: 'alice' };
    expect((await registry.call('GET', '/v2/public/app/manifests/v1', read)).status).toBe(200);
    const other = await registry.call('GET', '/v2/secret/app/manifests/v1', read);
    expect(other.status).toBe(401);
    expect(other.headers['www-authenticate']).toContain('repository:secret/app:pull');
    expect((await registry.call('PUT', '/v2/public/app/manifests/v1', read)).status).toBe(401);
    expect(
      (await registry.call('DELETE', '/v2/public/app/manifests/v1', read)).headers['www-authenticate'],
    ).toContain('repository:public/app:pull,delete');
  });

  test('GET /v2/ asks those to log in who have not said who they are, unless it is set not to', async () => {
    const asked = await registry.call('GET', '/v2/');
    expect(asked).toMatchObject({
      status: 401,
      headers: { 'docker-distribution-api-version': 'registry/2.0' },
    });
    expect(await registry.call('GET', '/v2/', { user: 'stranger' })).toMatchObject({ status: 200 });
    expect((await registry.call('HEAD', '/v2/', { user: 'stranger' })).body).toHaveLength(0);
    const open = await startRegistry('memory', { challengeUnknown: false });
    expect((await open.call('GET', '/v2/')).body.toString()).toBe('{}');
    expect((await open.call('POST', '/v2/')).status).toBe(405);
    await open.close();
  });

  test('the list of repositories shows what the caller may pull', async () => {
    const names = async (user: string) =>
      (await registry.call('GET', '/v2/_catalog', { user })).json().repositories;
    expect(await names('stranger')).toEqual(['public/app']);
    expect(await names('reader')).toEqual(['public/app', 'secret/app']);
    const unknown = await registry.call('GET', '/v2/_catalog');
    expect(unknown.status).toBe(401);
    expect(unknown.headers['www-authenticate']).toContain('scope="registry:catalog:*"');
    registry.rules.scopes = [{ repository: 'public/app', actions: new Set(['pull']) }];
    expect((await registry.call('GET', '/v2/_catalog', { user: 'reader' })).status).toBe(401);
    registry.rules.scopes = [{ repository: catalogScope, actions: new Set(['*']) }];
    expect(await names('reader')).toEqual(['public/app', 'secret/app']);
  });

  describe('the gate', () => {
    const held = { serve: false, reasons: ['CVE-2026-1 in zlib', 'not signed'] } as const;

    test('says why to those who may pull, for manifests and blobs, tags and digests', async () => {
      registry.rules.gateManifest = () => held;
      registry.rules.gateBlob = async () => held;
      for (const [method, path] of reads('secret/app')) {
        const answer = await registry.call(method, path, { user: 'reader' });
        const open = path.includes('/tags/') || path.includes('/referrers/');
        expect([method, path, answer.status]).toEqual([method, path, open ? 200 : 403]);
        if (open || method === 'HEAD') continue;
        expect(answer.json().errors[0]).toMatchObject({ code: 'DENIED', detail: { reasons: held.reasons } });
        expect(answer.json().errors[0]!.message).toContain('CVE-2026-1 in zlib; not signed');
      }
      expect(registry.served).toEqual([]);
      const stranger = await registry.call('GET', '/v2/secret/app/manifests/v1', { user: 'stranger' });
      expect([stranger.status, stranger.code]).toEqual([404, 'NAME_UNKNOWN']);
    });

    test('lets a pusher hear that he must send a held blob, and no more', async () => {
      registry.rules.gateBlob = () => held;
      const path = `/v2/secret/app/blobs/${layer}`;
      expect((await registry.call('HEAD', path, { user: 'pusher' })).status).toBe(404);
      expect((await registry.call('GET', path, { user: 'pusher' })).status).toBe(403);
      expect((await registry.call('HEAD', path, { user: 'reader' })).status).toBe(403);
    });

    test('is told all that it needs, and what was served is told to the host', async () => {
      const questions: unknown[] = [];
      registry.rules.gateManifest = async (question) => {
        questions.push(question);
        return { serve: true };
      };
      await registry.call('GET', '/v2/secret/app/manifests/v1', {
        user: 'reader',
        headers: { 'user-agent': 'x/1' },
      });
      await registry.call('HEAD', `/v2/secret/app/manifests/${digest}`, { user: 'reader' });
      const caller = { principal: 'reader', address: '127.0.0.1' };
      expect(questions).toMatchObject([
        { caller: { ...caller, client: 'x/1' }, repository: 'secret/app', digest, tag: 'v1' },
        { caller, repository: 'secret/app', digest },
      ]);
      expect(registry.served).toMatchObject([
        { method: 'GET', tag: 'v1', digest },
        { method: 'HEAD', digest },
      ]);
    });
  });

  test('paths that are none of the protocol answer 404, names that are none 400', async () => {
    for (const path of ['/v2/x', '/v2/a/b/c', '/v2/a/manifests/%2e%2e%2fx']) {
      expect((await registry.call('GET', path, { user: 'alice' })).status).toBe(404);
    }
    for (const path of ['/v2/../etc/passwd/manifests/x', '/v2/a/%2e%2e/b/tags/list', '/v2/A/tags/list']) {
      expect(await registry.call('GET', path, { user: 'alice' })).toMatchObject({
        status: 400,
        code: 'NAME_INVALID',
      });
    }
  });
});
