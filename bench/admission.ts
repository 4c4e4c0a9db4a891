/** `node bench/admission.ts`: reviews in a second while their decisions are remembered. See README.md here. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { Agent, request } from 'undici';
import { admit, type Phase } from '../server/src/admission/admit.ts';
import { makeWebhookCertificates } from '../server/src/admission/certificates.ts';
import { makeDecider, noCounts } from '../server/src/admission/decide.ts';
import { makeDecisionMemory } from '../server/src/admission/decision-memory.ts';
import type { Judge } from '../server/src/admission/decision.ts';
import { makeLimit } from '../server/src/admission/limit.ts';
import { makeListener } from '../server/src/admission/listener.ts';
import { knownPodTemplates } from '../server/src/admission/pod-templates.ts';
import {
  formatReview,
  parseReview,
  type Answer,
  type ReviewRequest,
} from '../server/src/admission/review.ts';

const { values: options } = parseArgs({ options: { seconds: { type: 'string', default: '3' } } });
const milliseconds = Number(options.seconds) * 1000;
const connections = 32;

const digest = `sha256:${'a'.repeat(64)}` as const;
const judge: Judge = {
  version: () => Promise.resolve('one'),
  judge: () => Promise.resolve({ digest, outcome: 'allow', reasons: [], warnings: [], judgedBy: 'one' }),
};
const count = noCounts();
const decide = makeDecider({
  judges: new Map([['*', judge]]),
  memory: makeDecisionMemory(10_000, 3_600_000, Date.now),
  limit: makeLimit(8, 2000),
  lookup: 30_000,
  now: Date.now,
  count,
});
const parts = {
  decide,
  podTemplates: knownPodTemplates,
  exemptNamespaces: new Set<string>(),
  budget: 2000,
  elapsed: () => performance.now(),
};
const answer = (asked: ReviewRequest, phase: Phase): Promise<Answer> => admit(asked, phase, parts);

/** A pod of four containers, as large as those that people write. */
const review = Buffer.from(
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      namespace: 'default',
      operation: 'CREATE',
      object: {
        metadata: { name: 'a', annotations: { note: 'x'.repeat(4000) } },
        spec: {
          containers: [1, 2, 3, 4].map((index) => ({
            name: `c${index}`,
            image: `registry.example.com/team/app-${index}@${digest}`,
            env: Array.from({ length: 20 }, (_, at) => ({ name: `VARIABLE_${at}`, value: 'y'.repeat(20) })),
          })),
        },
      },
    },
  }),
);

const alone = await rate(1, async () => {
  const asked = parseReview(review);
  return JSON.stringify(formatReview(asked.uid, await answer(asked, 'validate')));
});
const { certificate, key, authority } = await makeWebhookCertificates(['127.0.0.1'], 1, new Date());
const nothing = (): void => {};
const server = createServer(
  { cert: certificate, key },
  makeListener({
    answer,
    notReady: () => Promise.resolve(undefined),
    metrics: () => '',
    note: nothing,
    failed: nothing,
  }),
).listen(0, '127.0.0.1');
await once(server, 'listening');
const agent = new Agent({ connections, connect: { ca: authority } });
const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/validate`;
const overTls = await rate(connections, async () => {
  const response = await request(url, {
    method: 'POST',
    dispatcher: agent,
    headers: { 'content-type': 'application/json' },
    body: review,
  });
  return response.body.text();
});
await agent.destroy();
server.closeAllConnections();
server.close();

console.log(`a review of ${review.length} bytes and four images, decisions remembered`);
console.log(`read, decided and answered        ${alone.toFixed(0)}/s`);
console.log(
  `the same over TLS, ${connections} connections  ${overTls.toFixed(0)}/s (with the client in the same process)`,
);
console.log(`look-ups in all of that           ${count.lookups}`);

/** How often in a second, by as many at a time; every answer must allow. */
async function rate(atOnce: number, once: () => Promise<string>): Promise<number> {
  let done = 0;
  const start = performance.now();
  const work = async (): Promise<void> => {
    while (performance.now() - start < milliseconds) {
      if (!(await once()).includes('"allowed":true')) throw new Error('a review was refused');
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return (done * 1000) / (performance.now() - start);
}
