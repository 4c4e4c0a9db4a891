import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageOf, layerOf, smallRoot } from '../harness/images.ts';
import { sha256, until, visitor, type Answer, type Pushable } from '../harness/registry-client.ts';
import { reportTypes } from './adapter/media-types.ts';
import { answerWith, reportOn, startAdapters, type Asked, type MadeAdapters } from './made-adapter.ts';
import { bindScanner, openSetting, type Setting } from './setting.ts';

const image = imageOf([smallRoot('asked'), layerOf({ name: 'etc/asked', body: 'asked' })]);
/** shares a layer with the first, and has one of its own */
const other = imageOf([smallRoot('asked'), layerOf({ name: 'etc/other', body: 'other' })]);
const own = (all: Pushable, but: Pushable): string[] =>
  [...all.blobs.keys()].filter((digest) => !but.blobs.has(digest));

describe.each(['bearer', 'basic'] as const)('what an adapter is handed as %s', (pull) => {
  let setting: Setting;
  let adapters: MadeAdapters;
  let asked: Asked;
  let isDone = false;
  const digest = sha256(image.manifest);

  beforeAll(async () => {
    adapters = await startAdapters({
      made: {
        // as long as the test wants
        report: (response, about) => {
          if (isDone) answerWith(response, 200, reportTypes[0], reportOn(about));
          else response.writeHead(302, { 'refresh-after': '0' }).end();
        },
      },
    });
    const run = [
      {
        name: 'made',
        url: `${adapters.url}/made`,
        repositories: ['team/asked'],
        auth: { type: 'none' },
        pull,
        concurrency: 8,
      },
    ];
    setting = await openSetting((url) => ({
      publicUrl: url,
      namespaces: [{ name: 'team', gate: 'hold' }],
      scanners: { run },
    }));
    await bindScanner(setting.admin, 'made', 'team/asked');
    await setting.admin.push('team/asked', other, 'other');
    await setting.admin.push('team/elsewhere', image, 'v1');
    await setting.admin.push('team/asked', image, 'v1');
    asked = await askedAbout(digest);
  });
  afterAll(async () => {
    await setting?.[Symbol.asyncDispose]();
    await adapters?.[Symbol.asyncDispose]();
  });

  const askedAbout = (about: string): Promise<Asked> =>
    until(
      async () => adapters.calls('made')!.scans.findLast(({ artifact }) => artifact.digest === about),
      'the adapter to be asked',
    );
  /** Pushes one more image; how to fetch it with what the adapter is given for it. */
  async function another(name: string): Promise<{ digest: string; status: () => Promise<number> }> {
    const about = await setting.admin.push('team/asked', imageOf([smallRoot(name)]), name);
    const authorization = (await askedAbout(about)).registry.authorization!;
    const path = `/v2/team/asked/manifests/${about}`;
    const status = async (): Promise<number> =>
      (await visitor(setting.product.url).send('GET', path, { headers: { authorization } })).status;
    return { digest: about, status };
  }
  const withIt = (method: string, path: string, headers: object = {}, body?: string): Promise<Answer> =>
    visitor(setting.product.url).send(method, path, {
      headers: { authorization: asked.registry.authorization!, ...headers },
      ...(body !== undefined && { body }),
    });
  const statusOf = async (
    method: string,
    path: string,
    headers: object = {},
    body?: string,
  ): Promise<number> => (await withIt(method, path, headers, body)).status;

  it('says what is to be scanned, by its digest', () => {
    expect(asked).toMatchObject({
      registry: { url: setting.product.url },
      artifact: { repository: 'team/asked', digest, mime_type: image.mediaType },
    });
    expect(asked.registry.authorization).toMatch(pull === 'bearer' ? /^Bearer \S+$/ : /^Basic \S+$/);
  });

  it('opens the image while it is held, whole', async () => {
    expect(await statusOf('HEAD', `/v2/team/asked/manifests/${digest}`)).toBe(200);
    const manifest = await withIt('GET', `/v2/team/asked/manifests/${digest}`);
    expect(sha256(manifest.body)).toBe(digest);
    for (const blob of image.blobs.keys()) {
      expect(sha256((await withIt('GET', `/v2/team/asked/blobs/${blob}`)).body)).toBe(blob);
    }
  });

  it.each<[what: string, method: string, path: string, headers?: object, body?: string]>([
    ['another image of the repository', 'GET', `/v2/team/asked/manifests/${sha256(other.manifest)}`],
    ['its tag', 'GET', '/v2/team/asked/manifests/v1'],
    ['the tag of another image', 'GET', '/v2/team/asked/manifests/other'],
    ['a blob of another image', 'GET', `/v2/team/asked/blobs/${own(other, image)[0]}`],
    ['the other blob of another image', 'HEAD', `/v2/team/asked/blobs/${own(other, image)[1]}`],
    ['the image in another repository', 'GET', `/v2/team/elsewhere/manifests/${digest}`],
    ['its blob in another repository', 'GET', `/v2/team/elsewhere/blobs/${[...image.blobs.keys()][0]}`],
    ['the tags', 'GET', '/v2/team/asked/tags/list'],
    ['the tags of another repository', 'GET', '/v2/team/elsewhere/tags/list'],
    ['what refers to the image', 'GET', `/v2/team/asked/referrers/${digest}`],
    ['what refers to another image', 'GET', `/v2/team/asked/referrers/${sha256(other.manifest)}`],
    ['the list of repositories', 'GET', '/v2/_catalog'],
    ['its deletion', 'DELETE', `/v2/team/asked/manifests/${digest}`],
    ['the deletion of its tag', 'DELETE', '/v2/team/asked/manifests/v1'],
    ['the deletion of its blob', 'DELETE', `/v2/team/asked/blobs/${[...image.blobs.keys()][0]}`],
    ['an upload', 'POST', '/v2/team/asked/blobs/uploads/'],
    ['an upload in one', 'POST', `/v2/team/asked/blobs/uploads/?digest=${sha256('x')}`, {}, 'x'],
    [
      'a mount',
      'POST',
      `/v2/team/elsewhere/blobs/uploads/?mount=${[...image.blobs.keys()][0]}&from=team/asked`,
    ],
    [
      'a push of itself under another tag',
      'PUT',
      '/v2/team/asked/manifests/v2',
      { 'content-type': image.mediaType },
      image.manifest.toString(),
    ],
    ['what is known of it', 'GET', `/api/v1/images?repository=team/asked&reference=${digest}`],
    ['its verdict', 'GET', `/api/v1/verdict?repository=team/asked&reference=${digest}`],
    ['its scans', 'GET', `/api/v1/scans?repository=team/asked&reference=${digest}`],
    ['its files', 'GET', `/api/v1/files?repository=team/asked&reference=${digest}`],
    ['the scanners', 'GET', '/api/v1/scanners'],
    ['the repositories', 'GET', '/api/v1/repositories'],
    ['the audit log', 'GET', '/api/v1/audit'],
    [
      'a scan',
      'POST',
      '/api/v1/scans',
      { 'content-type': 'application/json' },
      JSON.stringify({ repository: 'team/asked', reference: digest }),
    ],
    ['metrics', 'GET', '/metrics'],
  ])('does not open %s', async (_, method, path, headers, body) => {
    expect(await statusOf(method, path, headers, body)).toBeOneOf([401, 403, 404]);
  });

  it('makes no token at the endpoint of tokens that opens more', async () => {
    const scopes = [
      'repository:team/asked:pull,push,delete',
      'repository:team/elsewhere:pull',
      'registry:catalog:*',
    ];
    const query = scopes.map((scope) => `scope=${encodeURIComponent(scope)}`).join('&');
    const { body } = await withIt('GET', `/auth/token?${query}`);
    const bearer = visitor(setting.product.url, JSON.parse(body.toString()) as { token: string });
    const tried = async (method: string, path: string): Promise<number> =>
      (await bearer.send(method, path)).status;
    expect(await tried('GET', `/v2/team/asked/manifests/${digest}`)).toBe(200);
    const refused = [
      await tried('GET', `/v2/team/asked/manifests/${sha256(other.manifest)}`),
      await tried('GET', `/v2/team/asked/blobs/${own(other, image)[0]}`),
      await tried('GET', '/v2/team/asked/manifests/v1'),
      await tried('GET', `/v2/team/elsewhere/manifests/${digest}`),
      await tried('GET', '/v2/team/asked/tags/list'),
      await tried('GET', '/v2/_catalog'),
      await tried('DELETE', `/v2/team/asked/manifests/${digest}`),
      await tried('POST', '/v2/team/asked/blobs/uploads/'),
    ];
    expect(refused.filter((status) => ![401, 403, 404].includes(status))).toEqual([]);
  });

  it('stands in no log, no audit and no answer, though pulls with it are noted', async () => {
    const value = asked.registry.authorization!.split(' ')[1]!;
    const secrets =
      pull === 'bearer' ? [value] : [value, Buffer.from(value, 'base64').toString().split(':')[1]!];
    const audit = await until(async () => {
      const { json } = await setting.admin.api('audit', { limit: '1000' });
      return JSON.stringify(json).includes('"scanner/made"') ? json : undefined;
    }, 'the audit to tell of pulls by the scanner');
    const { json: scans } = await setting.admin.api('scans', { repository: 'team/asked', reference: digest });
    const { json: scanners } = await setting.admin.api('scanners');
    const everywhere = setting.product.log() + JSON.stringify([audit, scans, scanners]);
    for (const secret of secrets) expect(everywhere.includes(secret)).toBe(false);
  });

  it('opens nothing any more once the image is deleted', async () => {
    const deleted = await another('deleted');
    expect(await deleted.status()).toBe(200);
    const { status } = await setting.admin.send('DELETE', `/v2/team/asked/manifests/${deleted.digest}`);
    expect(status).toBe(202);
    expect(await deleted.status()).toBeOneOf([401, 404]);
  });

  it('opens nothing any more once the report is there', async () => {
    isDone = true;
    await setting.scanWhen('team/asked', 'v1', 'made', ({ state }) => state === 'reported');
    expect(await statusOf('GET', `/v2/team/asked/manifests/${digest}`)).toBe(401);
    for (const blob of image.blobs.keys())
      expect(await statusOf('GET', `/v2/team/asked/blobs/${blob}`)).toBe(401);
  });

  it('opens nothing any more when the server was killed', async () => {
    isDone = false;
    const killed = await another('killed');
    expect(await killed.status()).toBe(200);
    await setting.product.kill();
    await setting.start();
    expect(await killed.status()).toBe(401);
    isDone = true;
    await setting.scanWhen('team/asked', 'killed', 'made', ({ state }) => state === 'reported');
  });
});
