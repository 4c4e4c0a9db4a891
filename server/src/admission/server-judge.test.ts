import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isWharfingerError } from '@wharfinger/lib/errors';
import { parseReference } from '@wharfinger/lib/oci/reference';
import { digestA, digestB } from './admission.fixtures.ts';
import type { Decision } from './decision.ts';
import { makeServerJudge } from './server-judge.ts';

const reason = (effect: string, routine: string) => ({
  routine,
  binding: `default/${routine}`,
  effect,
  state: 'failed',
  message: `${routine} says no`,
  details: [],
  more: 0,
  remedy: 'mend it',
});

const verdict = (fields: object = {}) => ({
  digest: digestA,
  repository: 'team/app',
  purpose: 'deploy',
  outcome: 'allow',
  decided: true,
  reasons: [],
  passed: [],
  at: '2026-01-01T00:00:00Z',
  ...fields,
});

function receipt(version: number, purpose = 'deploy'): object {
  const judgement = { digest: `sha256:${String(version).repeat(64)}`, version };
  const payload = Buffer.from(JSON.stringify({ predicate: { purpose, judgement } })).toString('base64');
  return { payload, payloadType: 'application/vnd.in-toto+json', signatures: [] };
}

describe('a server that is asked', () => {
  let server: Server;
  let url: string;
  let answer: { status: number; body: unknown };
  let asked: Array<{ request: IncomingMessage; body: string }>;
  beforeEach(async () => {
    asked = [];
    server = createServer((request, response) => {
      void text(request).then((body) => {
        asked.push({ request, body });
        response
          .writeHead(answer.status)
          .end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  const judgeOf = (platforms = ['linux/amd64']) =>
    makeServerJudge({ server: url, platforms, login: async () => ({ username: 'u', password: 'p' }) });
  const ask = (judge = judgeOf(), image = 'r.example/team/app:1'): Promise<Decision> =>
    judge.judge(parseReference(image), AbortSignal.timeout(10_000));
  const failureOf = (given: typeof answer, image?: string): Promise<string> => {
    answer = given;
    return ask(judgeOf(), image).then(
      (decision) => `decided: ${decision.outcome}`,
      (error: unknown) => (isWharfingerError(error) ? error.message : `not ours: ${String(error)}`),
    );
  };
  const ok = (body: object) => ({ status: 200, body: { receipt: receipt(1), ...body } });

  it('is asked what is to be deployed, as who is configured', async () => {
    answer = ok({ verdict: verdict({ validUntil: '2030-01-01T00:00:00Z' }) });
    expect(await ask()).toEqual({
      digest: digestA,
      outcome: 'allow',
      reasons: [],
      warnings: [],
      judgedBy: `${url} sha256:${'1'.repeat(64)}`,
      validUntil: '2030-01-01T00:00:00Z',
    });
    const [{ request, body }] = asked as [(typeof asked)[number]];
    expect([request.method, request.url, request.headers.authorization]).toEqual([
      'POST',
      '/api/v1/decisions',
      `Basic ${Buffer.from('u:p').toString('base64')}`,
    ]);
    expect(JSON.parse(body)).toEqual({ repository: 'team/app', reference: '1', purpose: 'deploy' });
  });

  it('is believed the worst of an index and of its images for the platforms that count', async () => {
    const child = (platform: string | null, outcome: string, digest: string = digestB) => ({
      platform,
      digest,
      verdict: verdict({ digest, outcome, reasons: outcome === 'allow' ? [] : [reason(outcome, 'signed')] }),
    });
    const children = [
      child(null, 'deny'),
      child('linux/amd64', 'allow'),
      child('linux/arm64/v8', 'hold'),
      child('windows/amd64', 'deny'),
    ];
    answer = ok({ verdict: verdict({ outcome: 'warn', reasons: [reason('warn', 'non-root')] }), children });
    expect(await ask()).toMatchObject({ outcome: 'warn', warnings: ['non-root says no (non-root)'] });
    expect(await ask(judgeOf(['linux/amd64', 'linux/arm64']))).toMatchObject({
      digest: digestA,
      outcome: 'hold',
      reasons: ['linux/arm64/v8: signed says no (signed); to do: mend it.'],
    });
    await expect(ask(judgeOf(['linux/s390x']))).rejects.toThrow('has no image for linux/s390x');
  });

  it('makes what it said before count no more once it judges by something newer', async () => {
    const judge = judgeOf();
    const say = async (version: number): Promise<string> => {
      answer = { status: 200, body: { verdict: verdict(), receipt: receipt(version) } };
      const { judgedBy } = await ask(judge);
      return (await judge.version()) === judgedBy ? 'counts' : 'does not count';
    };
    expect([await say(1), await say(2), await say(1), await say(3)]).toEqual([
      'counts',
      'counts',
      'does not count',
      'counts',
    ]);
  });

  it.each([
    [
      'another repository',
      ok({ verdict: verdict({ repository: 'team/other' }) }),
      'not for r.example/team/app',
    ],
    ['no digest', ok({ verdict: verdict({ digest: 'latest' }) }), 'not for r.example/team/app'],
    ['an outcome that there is not', ok({ verdict: verdict({ outcome: 'fine' }) }), 'is not understood'],
    ['no verdict', ok({}), 'is not understood'],
    ['no receipt', { status: 200, body: { verdict: verdict() } }, 'receipt is not understood'],
    [
      'a receipt for another purpose',
      { status: 200, body: { verdict: verdict(), receipt: receipt(1, 'pull') } },
      'receipt is not understood',
    ],
    ['no JSON', { status: 200, body: '<html>' }, 'is not understood'],
    ['a redirect', { status: 302, body: '' }, 'it answered 302'],
    ['a failure', { status: 500, body: 'oh' }, 'it answered 500'],
    ['too much', { status: 200, body: 'x'.repeat(9 * 1024 * 1024) }, 'longer than'],
    [
      'a refusal',
      { status: 404, body: { error: { code: 'MANIFEST_UNKNOWN', message: 'no such', remedy: 'push it' } } },
      'manifest unknown: r.example/team/app:1:',
    ],
  ])('decides nothing by %s', async (_, given, expected) => {
    expect(await failureOf(given)).toContain(expected);
  });

  it('decides nothing where there is no answer', async () => {
    const judge = makeServerJudge({
      server: 'http://127.0.0.1:1',
      platforms: [],
      login: async () => undefined,
    });
    await expect(ask(judge)).rejects.toThrow('the other registry failed');
  });
});
