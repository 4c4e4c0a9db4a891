import { expect, test } from 'vitest';
import { composeImage } from '../compose-image.ts';
import { debianSystem, layer, madeByDebian } from '../contamination/contamination.fixtures.ts';
import type { ImageInventory } from '../inventory.ts';
import { manifestOf, readBytes } from '../layer-fixture.ts';
import type { LayerLimits } from '../limits.ts';

const key = [
  '-----BEGIN PRIVATE ',
  'KEY-----\nMIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQC7VJTUt9Us8cKj\nMzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dV\n',
].join('');

async function image(
  config: object,
  layers: readonly Buffer[],
  limits: Partial<LayerLimits> = {},
): Promise<ImageInventory> {
  const read = await Promise.all(layers.map((bytes) => readBytes(bytes, limits)));
  const bytes = Buffer.from(
    JSON.stringify({
      os: 'linux',
      architecture: 'amd64',
      rootfs: { type: 'layers', diff_ids: read.map(({ diffId }) => diffId) },
      ...config,
    }),
  );
  return composeImage(
    manifestOf(read.map(({ digest }) => digest)),
    bytes,
    new Map(read.map((one) => [one.digest, one])),
  );
}

function told({ secrets }: ImageInventory): string[] {
  return secrets!.found.map((one) =>
    [one.severity, one.rule, one.where, one.path, one.layer ?? '-', one.deleted === true ? 'deleted' : '']
      .join(' ')
      .trim(),
  );
}

/** A system with a package of Debian's that brings one file. */
const system = (version: string, body: string) =>
  madeByDebian(debianSystem({ tls: { version, files: { 'usr/lib/tls/own.pem': body } } }));
const base = system('1.0', key);

test('a key that a package of the distribution brought is none, one beside it is', async () => {
  const found = await image({}, [layer(...base, { name: 'srv/key.pem', body: key })]);
  expect(told(found)).toEqual(['high private-key file srv/key.pem 0']);
  expect(found.secrets!.counts.high).toBe(1);
  expect(found.secrets!.complete).toBe(true);
});

test('a key in the sources of Go as it is installed is only possible, one in sources of others is one', async () => {
  const places = [
    'usr/local/go/src/crypto/x509/root_key.pem',
    'usr/lib/go-1.19/src/a.pem',
    'go/src/own/a.pem',
  ];
  const found = await image({}, [layer(...places.map((name) => ({ name, body: key })))]);
  expect(told(found)).toEqual([
    'high private-key file go/src/own/a.pem 0',
    'possible private-key file usr/lib/go-1.19/src/a.pem 0',
    'possible private-key file usr/local/go/src/crypto/x509/root_key.pem 0',
  ]);
});

test('a key in the place of a file of a package is one', async () => {
  const other = key.replace('MIIEvg', 'MIIEvw');
  const found = await image({}, [layer(...base), layer({ name: 'usr/lib/tls/own.pem', body: other })]);
  expect(told(found)).toEqual(['high private-key file usr/lib/tls/own.pem 1']);
});

test('what a later layer deletes or replaces is told all the same', async () => {
  const found = await image({}, [
    layer({ name: 'srv/a.pem', body: key }, { name: 'srv/b.pem', body: key }),
    layer({ name: 'srv/.wh.a.pem' }, { name: 'srv/b.pem', body: 'nothing' }),
  ]);
  expect(told(found)).toEqual([
    'high private-key file srv/a.pem 0 deleted',
    'high private-key file srv/b.pem 0 deleted',
  ]);
});

test('a file of a package that an upgrade replaced is none', async () => {
  const upgraded = system('1.1', 'no key any more');
  expect(told(await image({}, [layer(...base), layer(...upgraded)]))).toEqual([]);
});

test('the configuration is searched: variables, labels, commands and steps', async () => {
  const token = ['sk_', 'live_', '4eC39HqLyjWDarjtT1zdp7dc'].join('');
  const config = {
    config: {
      Env: [`STRIPE=${token}`, 'PATH=/bin'],
      Labels: { deploy: `https://ci:k3jX9wq7@git.corp.internal` },
      Cmd: ['app', `--key=${token}`],
    },
    history: [{ created_by: `RUN |1 TOKEN=${token} /bin/sh -c make` }],
  };
  expect(told(await image(config, [layer({ name: 'a', body: 'b' })])).sort()).toEqual([
    'critical stripe-key command command -',
    'critical stripe-key environment STRIPE -',
    'critical stripe-key history step 1 -',
    'medium password-in-address label deploy -',
  ]);
});

test('nothing is complete where a layer could not be read', async () => {
  const found = await image({}, [layer({ name: 'a', body: 'b' }).subarray(0, 60)]);
  expect(found.secrets).toMatchObject({
    complete: false,
    reason: expect.stringContaining('could not be read'),
  });
});

test('more than are kept of a layer are said to be there', async () => {
  const entries = Array.from({ length: 5100 }, (_, index) => ({ name: `srv/${index}.pem`, body: key }));
  const found = await image({}, [layer(...entries)]);
  expect(found.secrets).toMatchObject({ complete: false, counts: { high: 5000 } });
  expect(found.secrets!.found).toHaveLength(500);
});

test('a key of a package that others made is one, also when it was deleted', async () => {
  const others = debianSystem({ app: { version: '1', files: { 'opt/app/key.pem': key } } });
  expect(told(await image({}, [layer(...others)]))).toEqual(['high private-key file opt/app/key.pem 0']);
  const found = await image({}, [layer(...others), layer({ name: 'opt/app/.wh.key.pem' })]);
  expect(told(found)).toEqual(['high private-key file opt/app/key.pem 0 deleted']);
});
