import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { admin, startTestServer } from '../testing/running-server.ts';

const newPem = () =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' });

test('a key is not revoked by a name that another key has too', async () => {
  const [one, other] = [newPem(), newPem()];
  await using server = await startTestServer({
    trust: [
      {
        repositories: 'team/**',
        keys: [
          { name: 'alice', pem: one },
          { name: 'carol', pem: other },
        ],
      },
    ],
    grantRules: [
      {
        scope: {},
        approvers: [
          { name: 'alice', pem: other },
          { name: 'carol', pem: other },
        ],
        needed: 2,
        maxHours: 1,
      },
    ],
  });
  const revoke = (key: string) =>
    server.call('POST', '/api/v1/keys/revoke', { as: admin, body: { key, reason: 'it was lost' } });
  const refused = await revoke('alice');
  expect([refused.status, refused.text]).toEqual([
    400,
    expect.stringContaining('more than one key is called alice'),
  ]);
  expect((await revoke('carol')).status).toBe(200);
});
