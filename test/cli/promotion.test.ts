import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { wharf, type Ran } from '../../server/src/cli/wharf.fixtures.ts';
import { startProduct, type Product } from '../harness/product.ts';
import { makeImage, pushImage, type Made } from './small-image.ts';

/** From a registry of developers into that of production, where other keys count. */

let folder: string;
let development: Product;
let production: Product;
let image: Made;

const admin = (...given: string[]): Promise<Ran> => wharf(given, { environment: { HOME: folder }, folder });

async function untilOutput(pattern: RegExp, ...given: string[]): Promise<Ran> {
  for (;;) {
    const ran = await admin(...given);
    if (pattern.test(ran.output)) return ran;
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wharf-promotion-'));
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(join(folder, 'release.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  development = await startProduct({ folder: join(folder, 'development') });
  production = await startProduct({
    folder: join(folder, 'production'),
    config: {
      namespaces: [{ name: 'prod', gate: 'warn', official: true, stage: 'production' }],
      trust: [{ repositories: 'prod/**', keys: [{ name: 'release', pem }] }],
    },
  });
  for (const { host, user, password } of [development, production])
    await wharf(['login', host, '--username', user, '--password-stdin'], {
      environment: { HOME: folder },
      input: password,
    });
  // no advisory about npm is known in either registry, so that the image must have no packages
  image = await makeImage(join(folder, 'image'), {});
  await pushImage(development, image, 'team/app', '1.4');
});
afterAll(async () => {
  await development?.stop();
  await production?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('an image goes into another registry by way of a repository there, waits, and follows when it is signed', async () => {
  const from = `${development.host}/team/app:1.4`;
  const to = `${production.host}/prod/app`;
  expect(await admin('promote', from, to)).toMatchObject({
    code: 2,
    error: expect.stringContaining('--via'),
  });
  const asked = await admin('promote', from, to, '--via', 'arrivals/app');
  expect(asked).toMatchObject({ code: 3, output: expect.stringContaining('waits to become prod/app:1.4') });
  const waiting = await untilOutput(/\bsigned\b/, 'promotions', to);
  expect(waiting.output).toMatch(/waiting .*arrivals\/app/);
  await admin('sign', `${production.host}/arrivals/app@${image.manifest.digest}`, '--key', 'release.pem');
  await untilOutput(/\bdone\b/, 'promotions', to);
  const { output } = await admin('tags', to, '--json');
  expect(output).toContain(image.manifest.digest);
  const tree = await admin('tree', `${to}:1.4`, '--json');
  expect(tree.output).toContain('cosign-v3');
});

test('a promotion that waits can be taken back', async () => {
  const other = await makeImage(join(folder, 'other'), {}, { user: '2000' });
  await pushImage(production, other, 'arrivals/app', '2.0');
  const from = `${production.host}/arrivals/app:2.0`;
  const to = `${production.host}/prod/app`;
  const { output } = await admin('promote', from, `${to}:next`, '--json');
  const { id } = JSON.parse(output) as { id: number };
  expect(await admin('promotions', to, '--cancel', String(id))).toMatchObject({ code: 0 });
  expect((await admin('promotions', to, '--cancel', String(id))).code).toBe(1);
  expect((await admin('promotions', to, '--cancel', 'seven')).code).toBe(2);
});
