import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { readCustodyFile } from './custody-file.ts';

const pems = new Map(
  ['base', 'app', 'alice', 'bob'].map((name) => [
    `keys/${name}.pub`,
    generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }),
  ]),
);
const read = (text: string) => readCustodyFile(text, async (path) => pems.get(path)!);

const file = (change: { purposes?: string; signer?: string; needed?: number; more?: string } = {}) => `
signers:
  - {name: base-key, file: keys/base.pub}
  - {name: alice-key, principal: alice, purposes: [${change.purposes ?? 'stamp'}], file: keys/alice.pub}
layout:
  name: x
  registry: wharfinger
  stages:
    - name: base
      repositories: [base/*]
      teams: [{team: platform, signers: [${change.signer ?? 'base-key'}]}]
      kinds: [origin]
      intake: false
      approvals: {needed: ${change.needed ?? 1}, roles: {security: [alice]}, signers: [alice-key]}
${change.more ?? ''}`;

test('keys are read from the files that it names, and are for custody where nothing is said', async () => {
  const { layout, trust } = await read(file());
  expect(layout.stages[0]?.teams).toEqual([{ team: 'platform', signers: ['base-key'] }]);
  expect(trust.signers).toEqual([
    { name: 'base-key', pem: pems.get('keys/base.pub'), purposes: ['stamp', 'intake'] },
    { name: 'alice-key', principal: 'alice', pem: pems.get('keys/alice.pub'), purposes: ['stamp'] },
  ]);
});

test('the key of the registry is known by its identity, and is for what its probes found alone', async () => {
  const { trust } = await read(file({ more: 'registryKey: keys/app.pub' }));
  const pem = pems.get('keys/app.pub');
  expect(trust.signers.at(-1)).toEqual({ name: 'wharfinger', pem, purposes: ['probe'] });
  const wrong = readCustodyFile(
    file({ more: 'registryKey: x.pub' }),
    async (path) => pems.get(path) ?? 'none',
  );
  await expect(wrong).rejects.toMatchObject({
    code: 'LAYOUT_INVALID',
    message: expect.stringMatching(/line 15: registryKey .*the key/),
  });
});

test.each([
  ['a signer whom nobody knows', file({ signer: 'nobody' }), /line 11: .*names no signer: nobody/],
  ['a key that also releases', file({ purposes: 'stamp, release' }), /who also releases/],
  ['a key that is for something else', file({ purposes: 'attest' }), /is not for purpose stamp/],
  ['more approvals than there are people', file({ needed: 2 }), /is 2, but only 1 people may approve/],
  ['an unknown format', file({ more: 'formats: [pgp]' }), /formats/],
  ['an unknown field', file({ more: 'extra: 1' }), /extra is not known/],
  ['an alias', `${file()}\nx: &a [1]\ny: *a`, /aliases/],
  ['nothing', '', /signers/],
])('%s is a mistake, with its line', async (_, text, message) => {
  await expect(read(text)).rejects.toMatchObject({
    code: 'LAYOUT_INVALID',
    message: expect.stringMatching(message),
  });
});
