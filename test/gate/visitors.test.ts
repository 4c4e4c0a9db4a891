import { once } from 'node:events';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emptyConfig, imageConfig, imageOf, manifestOf, rawLayer, smallRoot } from '../harness/images.ts';
import { sha256, until, visitor, type Visitor } from '../harness/registry-client.ts';
import {
  expectHeld,
  expectServed,
  openSetting,
  pathsOf,
  publish,
  verdictOn,
  type Person,
  type Published,
  type Setting,
} from '../trust/setting.ts';

describe('who comes to a held image', () => {
  let setting: Setting;
  beforeAll(async () => {
    setting = await openSetting([]);
  });
  afterAll(() => setting[Symbol.asyncDispose]());

  /** An image whose configuration names another layer than it has. */
  const unsound = (name: string) => {
    const root = smallRoot(`${name} ${Math.random()}`);
    return manifestOf([root], imageConfig([{ ...root, diffId: sha256('another') }]), {});
  };

  async function heldImage(name: string): Promise<Published> {
    const image = await publish(setting, `strict/${name}`, unsound(name));
    expect((await verdictOn(setting, image)).outcome).toBe('hold');
    return image;
  }

  it('is told what is known of it where he may pull, and its own words only where he may read the image', async () => {
    const { repository, digest } = await heldImage('known');
    const ask = async (who: Person, what: string) => {
      const query = { repository, reference: digest };
      const { status, json } = await setting.as[who].api<{ withheld?: boolean }>(what, query);
      return { status, withheld: json.withheld };
    };
    for (const [who, status, withheld] of [
      ['publisher', 200, undefined],
      ['signer', 200, undefined],
      ['reader', 200, true],
      ['other', 200, true],
      ['stranger', 404, undefined],
      ['anonymous', 401, undefined],
    ] as const) {
      const told = [await ask(who, 'images'), await ask(who, 'verdict')];
      expect([who, ...told]).toEqual([who, { status, withheld }, { status, withheld: undefined }]);
    }
    const told = await setting.as.reader.send(
      'GET',
      `/api/v1/verdict?repository=${repository}&reference=${digest}`,
    );
    expect(told.body.toString()).not.toContain('Entrypoint');
  });

  it('finds by lists of tags, referrers and repositories what he may know, and no more', async () => {
    const image = await heldImage('listed');
    const { repository, digest } = image;
    const subject = {
      mediaType: image.image.mediaType,
      digest,
      size: image.image.manifest.length,
    };
    const note = manifestOf([rawLayer('{"note":1}', 'application/json')], emptyConfig, { subject });
    await setting.as.publisher.push(repository, note);
    for (const list of [`tags/list`, `referrers/${digest}`]) {
      expect((await setting.as.reader.send('GET', `/v2/${repository}/${list}`)).status).toBe(200);
      for (const who of ['stranger', 'anonymous'] as const) {
        const hidden = await setting.as[who].send('GET', `/v2/${repository}/${list}`);
        const absent = await setting.as[who].send('GET', `/v2/strict/is-not-there/${list}`);
        expect([list, hidden.status, hidden.body]).toEqual([list, absent.status, absent.body]);
        expect(hidden.body.toString()).not.toContain(sha256(note.manifest));
      }
    }
    for (const path of ['/v2/_catalog?n=1000', '/api/v1/repositories?limit=1000']) {
      expect((await setting.as.reader.send('GET', path)).body.toString()).toContain(repository);
      for (const who of ['stranger', 'anonymous'] as const) {
        expect((await setting.as[who].send('GET', path)).body.toString()).not.toContain('strict');
      }
    }
  });

  it('gains nothing by paths that others might read otherwise', async () => {
    const { repository, digest, image } = await heldImage('paths');
    const [blob] = [...image.blobs.keys()];
    const paths = [repository, repository.toUpperCase()].flatMap((name) => [
      `/v2//${name}/manifests/v1`,
      `//v2/${name}/manifests/v1`,
      `/v2/./${name}/manifests/v1`,
      `/v2/open/../${name}/manifests/v1`,
      `/v2/open/%2e%2e/${name}/manifests/v1`,
      `/v2/${name.replace('/', '%2f')}/manifests/v1`,
      `/v2/${name.replace('/', '%252f')}/manifests/v1`,
      `/v2/${name}/manifests/v1/`,
      `/v2/${name}/manifests/v1%00`,
      `/v2/${name}/manifests/${digest.toUpperCase()}`,
      `/v2/${name}/manifests/${digest.replace(':', '%3A')}`,
      `/v2/${name}/manifests/${blob}`,
      `/v2/${name}/blobs/${digest}`,
      `/v2/${name}/blobs/${blob}?digest=${blob}`,
      `/v2/${name}/blobs/uploads/../${blob}`,
      `/v2/${name}/blobs/${blob};x`,
      `/V2/${name}/manifests/v1`,
      `/v2/${name}/manifests/v1?namespace=open`,
      `http://${setting.product.host}/v2/${name}/manifests/v1`,
    ]);
    for (const path of paths) {
      const status = await rawStatus(path);
      expect([path, status >= 400 && status < 500]).toEqual([path, true]);
    }
  });

  /** Status of a GET of this very path, as the reader. */
  async function rawStatus(path: string): Promise<number> {
    const [host, port] = setting.product.host.split(':');
    const authorization = `Basic ${Buffer.from('reader:reader-and-no-other').toString('base64')}`;
    const sent = request({ host, port, path, headers: { authorization }, agent: false });
    sent.end();
    const [answer] = (await once(sent, 'response')) as [{ statusCode: number; resume(): void }];
    answer.resume();
    return answer.statusCode;
  }

  /** Someone with a token of this person for these scopes. */
  async function withToken(who: Person, ...scopes: string[]): Promise<Visitor> {
    const query = new URLSearchParams(scopes.map((scope) => ['scope', scope]));
    const { body } = await setting.as[who].send('GET', `/auth/token?${query.toString()}`);
    return visitor(setting.product.url, JSON.parse(body.toString()) as { token: string });
  }

  it('comes no further with a token than with his rights, and not beyond its scopes', async () => {
    const held = await heldImage('tokens');
    const { repository } = held;
    const statuses = async (who: Visitor): Promise<number[]> => [
      ...new Set(await Promise.all(pathsOf(held).map(async (path) => (await who.send('GET', path)).status))),
    ];
    const own = `repository:${repository}`;
    expect(await statuses(await withToken('reader', `${own}:pull,push,sign,inspect,*`))).toEqual([403]);
    expect(await statuses(await withToken('stranger', `${own}:pull,push`))).toEqual([401]);
    expect(await statuses(await withToken('anonymous', `${own}:pull`))).toEqual([401]);
    expect(await statuses(await withToken('publisher', `${own}:pull`))).toEqual([200]);
    expect(await statuses(await withToken('publisher', `${own}:push`))).toEqual([401]);
    expect(await statuses(await withToken('publisher', 'repository:strict/other:pull'))).toEqual([401]);
    expect(await statuses(await withToken('publisher', 'registry:catalog:*'))).toEqual([401]);
    expect(await statuses(await withToken('signer', `${own}:pull`))).toEqual([200]);
    expect(await statuses(await withToken('signer', `${own}:push`))).toEqual([401]);
    expect(await statuses(visitor(setting.product.url, { token: 'made up' }))).toEqual([401]);
  });

  it('is not faster than the check', async () => {
    for (let round = 0; round < 5; round += 1) {
      const image = unsound(`race ${round}`);
      const digest = sha256(image.manifest);
      const repository = `strict/race-${round}`;
      const published: Published = { repository, digest, tag: 'v1', image, reference: '' };
      let pushed = false;
      const seen = new Set<number>();
      const hurry = async (): Promise<void> => {
        for (let after = 0; after < 5; after += pushed ? 1 : 0) {
          const all = pathsOf(published).map((path) => setting.as.reader.send('GET', path));
          for (const { status } of await Promise.all(all)) seen.add(status);
        }
      };
      const hurrying = hurry();
      await setting.as.publisher.push(repository, image, 'v1');
      pushed = true;
      await hurrying;
      expect([...seen].filter((status) => status !== 403 && status !== 404)).toEqual([]);
      await verdictOn(setting, published);
      await expectHeld(setting, published);
    }
  });

  it('reads no blob back by pushing the manifest of another again', async () => {
    const { repository, digest, image } = await heldImage('again');
    const path = `/v2/${repository}/manifests`;
    const put = { headers: { 'content-type': image.mediaType }, body: image.manifest };
    expect((await setting.as.other.send('PUT', `${path}/${digest}`, put)).status).toBe(201);
    expect((await setting.as.other.send('PUT', `${path}/mine`, put)).status).toBe(201);
    // he has sent these bytes himself
    expect((await setting.as.other.send('GET', `${path}/${digest}`)).status).toBe(200);
    for (const blob of image.blobs.keys()) {
      const read = await setting.as.other.send('GET', `/v2/${repository}/blobs/${blob}`);
      expect([read.status, read.code]).toEqual([403, 'DENIED']);
      expect((await setting.as.reader.send('GET', `${path}/mine`)).status).toBe(403);
    }
  });

  it('gets nothing by moving tags to it', async () => {
    const bad = await heldImage('tags');
    const { repository } = bad;
    const good = await publish(setting, repository, imageOf([smallRoot(`good ${Math.random()}`)]));
    await expectServed(setting, good);
    const path = `/v2/${repository}/manifests/v1`;
    expect((await setting.as.reader.post('tags/rollback', { repository, tag: 'v1' })).status).toBe(403);
    expect((await setting.as.stranger.post('tags/rollback', { repository, tag: 'v1' })).status).toBe(404);
    expect((await setting.as.other.post('tags/rollback', { repository, tag: 'v1' })).status).toBe(200);
    for (const who of ['reader', 'other'] as const) {
      expect((await setting.as[who].send('GET', path)).status).toBe(403);
    }
    expect((await setting.as.other.post('tags/rollback', { repository, tag: 'v1' })).status).toBe(200);
    expect((await setting.as.reader.send('GET', path)).status).toBe(200);
  });

  it('does not get it after it was deleted and pushed again', async () => {
    const image = await heldImage('deleted');
    const path = `/v2/${image.repository}/manifests/${image.digest}`;
    expect((await setting.as.publisher.send('DELETE', path)).status).toBe(202);
    expect((await setting.as.reader.send('GET', path)).status).toBe(404);
    for (const blob of image.image.blobs.keys()) {
      const read = await setting.as.reader.send('GET', `/v2/${image.repository}/blobs/${blob}`);
      expect(read.status).toBe(403);
    }
    await publish(setting, image.repository, image.image);
    await expectHeld(setting, image);
  });

  it('does not get what was held by hand, whoever pushes it again', async () => {
    const image = await publish(setting, 'open/by-hand');
    await expectServed(setting, image);
    const { repository, digest } = image;
    const act = { repository, reference: digest, reason: 'looks strange' };
    expect((await setting.as.reader.post('holds', act)).status).toBe(403);
    expect((await setting.as.stranger.post('holds', act)).status).toBe(404);
    expect((await setting.as.admin.post('holds', act)).status).toBe(200);
    await expectHeld(setting, image, /held by admin .*looks strange/);
    const path = `/v2/${repository}/manifests/${digest}`;
    await setting.as.publisher.send('DELETE', path);
    await publish(setting, repository, image.image);
    await expectHeld(setting, image, /looks strange/);
    expect((await setting.as.publisher.post('holds/release', act)).status).toBe(403);
    expect((await setting.as.admin.post('holds/release', act)).status).toBe(200);
    await until(
      async () => ((await setting.as.reader.send('GET', path)).status === 200 ? true : undefined),
      'the image to be served',
    );
  });
});
