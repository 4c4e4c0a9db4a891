import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { makeListener } from './listener.ts';

const review = {
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    namespace: 'default',
    operation: 'CREATE',
    object: { spec: { containers: [] } },
  },
};

describe('the listener', () => {
  let server: Server;
  let url: string;
  let ready: string | undefined;
  beforeAll(async () => {
    server = createServer(
      makeListener({
        answer: async ({ name }) => {
          if (name === 'crash') throw new Error('crashed');
          return name === 'bad'
            ? { allowed: false, message: 'no' }
            : { allowed: true, patch: [{ op: 'test' }] };
        },
        notReady: () => Promise.resolve(ready),
        metrics: () => 'some_metric 1\n',
        note: () => {},
        failed: () => {},
      }),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });

  const post = async (body: string | Buffer, type = 'application/json', path = '/validate') => {
    const answer = await fetch(url + path, {
      method: 'POST',
      body: new Uint8Array(Buffer.from(body)),
      headers: { 'content-type': type },
    });
    return { status: answer.status, text: await answer.text() };
  };
  const postWith = (change: (document: typeof review) => unknown) =>
    post(JSON.stringify(change(structuredClone(review))));

  it('answers with a review of the same UID', async () => {
    const { status, text } = await post(JSON.stringify(review));
    expect(status).toBe(200);
    const { response } = JSON.parse(text) as { response: { uid: string; allowed: boolean; patch: string } };
    expect(response).toMatchObject({ uid: review.request.uid, allowed: true, patchType: 'JSONPatch' });
    expect(Buffer.from(response.patch, 'base64').toString()).toBe('[{"op":"test"}]');
    const refused = await postWith((one) => ({ ...one, request: { ...one.request, name: 'bad' } }));
    expect(JSON.parse(refused.text)).toMatchObject({
      response: { allowed: false, status: { code: 403, message: 'no', reason: 'Forbidden' } },
    });
  });

  it.each([
    ['nothing', '', 'not valid JSON'],
    ['no JSON', '{', 'not valid JSON'],
    ['a list', '[]', 'expected object'],
    ['null', 'null', 'expected object'],
    ['text that is not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'not valid UTF-8'],
    ['a field twice', '{"apiVersion":"admission.k8s.io/v1","apiVersion":"x"}', 'stands twice'],
    ['what is nested too deeply', `${'['.repeat(5000)}${']'.repeat(5000)}`, 'nested deeper'],
  ])('refuses %s', async (_, body, reason) => {
    const { status, text } = await post(body);
    expect([status, text]).toEqual([400, expect.stringContaining(reason)]);
  });

  it.each([
    ['an older version', (one: typeof review) => ({ ...one, apiVersion: 'admission.k8s.io/v1beta1' })],
    ['another kind', (one: typeof review) => ({ ...one, kind: 'ConversionReview' })],
    ['no request', (one: typeof review) => ({ ...one, request: undefined })],
    ['no UID', (one: typeof review) => ({ ...one, request: { ...one.request, uid: '' } })],
    ['a UID that is an object', (one: typeof review) => ({ ...one, request: { ...one.request, uid: {} } })],
    [
      'an unknown operation',
      (one: typeof review) => ({ ...one, request: { ...one.request, operation: 'PATCH' } }),
    ],
    ['no kind', (one: typeof review) => ({ ...one, request: { ...one.request, kind: {} } })],
  ])('refuses a review with %s', async (_, change) => {
    expect((await postWith(change)).status).toBe(400);
  });

  it('refuses bodies that are too long, of another type, and what it does not know', async () => {
    const long = await post(' '.repeat(9 * 1024 * 1024)).catch(() => ({ status: 413, text: '' }));
    expect(long.status).toBe(413);
    expect((await post(JSON.stringify(review), 'text/plain')).status).toBe(400);
    expect((await post(JSON.stringify(review), 'application/json', '/other')).status).toBe(404);
    expect((await fetch(`${url}/validate`)).status).toBe(404);
  });

  it('answers many at once, also while others send slowly', async () => {
    const slow = Array.from({ length: 100 }, () =>
      request(`${url}/validate`, { method: 'POST', headers: { 'content-type': 'application/json' } }),
    );
    for (const one of slow) {
      one.on('error', () => {});
      one.write('{');
    }
    const answers = await Promise.all(Array.from({ length: 300 }, () => post(JSON.stringify(review))));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    for (const one of slow) one.destroy();
  });

  it('answers a defect of its own with a failure, which the API server takes as a refusal', async () => {
    const crashed = await postWith((one) => ({ ...one, request: { ...one.request, name: 'crash' } }));
    expect([crashed.status, crashed.text]).toEqual([500, expect.not.stringContaining('crashed')]);
    expect((await post(JSON.stringify(review))).status).toBe(200);
  });

  it('tells whether it lives and whether it is ready', async () => {
    const get = async (path: string) => {
      const answer = await fetch(url + path);
      return [answer.status, await answer.text()];
    };
    expect(await get('/healthz')).toEqual([200, 'ok\n']);
    expect(await get('/readyz')).toEqual([200, 'ok\n']);
    ready = 'no judgement';
    expect(await get('/readyz')).toEqual([503, 'no judgement\n']);
    expect(await get('/healthz')).toEqual([200, 'ok\n']);
    expect(await get('/metrics')).toEqual([200, 'some_metric 1\n']);
  });
});
