/** `node bench/gate.ts`: what the gate costs on a pull. See README.md here. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { copyImage } from '@wharfinger/lib/client/copy';
import { folderFiles } from '@wharfinger/lib/client/file-set';
import { layoutContent } from '@wharfinger/lib/client/oci-layout';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { parse, stringify } from 'yaml';
import { done, logIn, makeImages, makePolicy, pushImages } from '../test/custody/setting.ts';
import { basic, startProduct, type Product } from '../test/harness/product.ts';
import { sendRequests } from './generator.ts';
import { median } from './table.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    seconds: { type: 'string', default: '3' },
    folder: { type: 'string', default: tmpdir() },
  },
});
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);
const connections = 16;
const reader = { name: 'reader', password: 'password-of-reader' };
const accept = 'application/vnd.oci.image.manifest.v1+json';

process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
const folder = mkdtempSync(join(options.folder, 'wharfinger-bench-gate-'));
const keyFile = (name: string): string => join(folder, 'keys', name);
const images = makeImages(folder);
const custodyFile = await makePolicy(folder);
await done(folder, 'key', 'generate', '--output-key-prefix', keyFile('release'));

/** Images of `prod` must be signed, and their chain of custody complete; of `open`, nothing is asked. */
const config = {
  namespaces: [
    { name: 'prod', official: true },
    { name: 'base', gate: 'warn' },
    { name: 'open', gate: 'warn' },
  ],
  users: [{ ...reader, rights: [{ repositories: '**', actions: ['pull'] }] }],
};

const products: Product[] = [];
try {
  const hook = join(import.meta.dirname, 'without-gate.ts');
  const gated = await startWithImages('gated');
  const ungated = await startWithImages('ungated', { NODE_OPTIONS: `--import=${hook}` });
  await completeChain(gated);
  await waitFor(gated, 'prod/api', 'app', 200);
  await waitFor(gated, 'open/api', 'app', 200);
  // that the gate is shut for what must not pass, and that the other product has none
  await waitFor(gated, 'prod/api', 'tampered', 403);
  await waitFor(ungated, 'prod/api', 'tampered', 200);

  const kinds = [
    { name: 'without a gate', product: ungated, repository: 'prod/api' },
    { name: 'gate, nothing is asked', product: gated, repository: 'open/api' },
    { name: 'gate, signature and custody in force', product: gated, repository: 'prod/api' },
  ];
  console.log(`${connections} connections, ${seconds} s at a time, median of ${rounds} rounds in turns`);
  for (const method of ['GET', 'HEAD']) {
    for (const [by, reference] of [
      ['tag', 'app'],
      ['digest', images.app.digest],
    ] as const) {
      const pathOf = (repository: string): string => `/v2/${repository}/manifests/${reference}`;
      // compiled by then
      for (const { product, repository } of kinds) await rateOf(product, method, pathOf(repository));
      const rates = kinds.map((): number[] => []);
      for (let round = 0; round < rounds; round += 1) {
        // who is first in a round must not always be the same
        for (let turn = 0; turn < kinds.length; turn += 1) {
          const at = (turn + round) % kinds.length;
          const { product, repository } = kinds[at]!;
          rates[at]!.push(await rateOf(product, method, pathOf(repository)));
        }
      }
      console.log(`manifest ${method} by ${by}`);
      for (const [at, { name }] of kinds.entries()) {
        const costs = rates[at]!.map((rate, round) => 100 * (1 - rate / rates[0]![round]!));
        const cost = at === 0 ? '' : `costs ${median(costs)!.toFixed(1)} %`;
        console.log(`  ${name.padEnd(38)} ${median(rates[at]!)!.toFixed(0).padStart(7)}/s  ${cost}`);
      }
    }
  }
} finally {
  for (const product of products) await product.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** A product with the images of a chain of custody, and one of them where nothing is asked. */
async function startWithImages(name: string, env: Record<string, string> = {}): Promise<Product> {
  const own = join(folder, name);
  mkdirSync(own);
  const product = await startProduct({ folder: own, config, env });
  products.push(product);
  const { user: username, password, host } = product;
  logIn(own, host, product.authorization);
  const session = new RegistrySession(host, { credentials: { username, password } });
  await pushImages(images, session);
  const content = await layoutContent(folderFiles(images.layout));
  const to = { session, repository: 'open/api' };
  await copyImage(content, to, images.app.digest, { referrers: false, tag: 'app' });
  await session.close();
  return product;
}

/** Signs, links, takes in and approves, as the teams and people of the custody file; then all of that is demanded. */
async function completeChain({ host }: Product): Promise<void> {
  const home = join(folder, 'gated');
  const admin = (...given: string[]) => done(home, ...given);
  const names = ['base', 'app', 'alice', 'bob', 'release'];
  for (const name of names) {
    const principal = ['base', 'app'].includes(name) ? `bot-${name}` : name;
    const purposes = [
      '--purpose',
      name === 'release' ? 'release' : 'stamp',
      ...(name === 'app' ? ['intake'] : []),
    ];
    const said = ['--key', keyFile(`${name}.pub`), '--principal', principal, ...purposes];
    await admin('publisher', 'add', host, name);
    await admin('publisher', 'key', host, name, `${name}-key`, ...said);
  }
  for (const pattern of ['base/**', 'prod/**'])
    await admin('trust', 'add', host, pattern, '--publisher', ...names);
  const { layout } = parse(readFileSync(custodyFile, 'utf8')) as { layout: object };
  writeFileSync(join(home, 'layout.yaml'), stringify(layout));
  await admin('layout', 'add', host, 'prod/**', join(home, 'layout.yaml'));
  const binding = {
    id: 'custody',
    collection: 'standard',
    routine: 'custody-complete',
    scope: { repositories: ['prod/**'] },
    purposes: ['pull'],
    effect: 'hold',
  };
  writeFileSync(join(home, 'binding.yaml'), stringify(binding));
  await admin('binding', 'add', host, join(home, 'binding.yaml'));
  const [base, app] = [`${host}/base/debian:12`, `${host}/prod/api:app`];
  const custody = (verb: string, image: string, name: string, ...more: string[]) =>
    admin('custody', verb, image, ...more, '--key', keyFile(`${name}.key`), '--layout', custodyFile);
  await custody('link', base, 'base', '--team', 'platform');
  await custody('intake', base, 'app', '--team', 'payments');
  await custody('link', app, 'app', '--parent', base, '--team', 'payments');
  await custody('approve', app, 'alice', '--role', 'security');
  await custody('approve', app, 'bob', '--role', 'release', '--until', '30d');
  await admin('sign', app, '--key', keyFile('release.key'));
}

/** Waits until a pull of a reader is answered so. */
async function waitFor({ url }: Product, repository: string, tag: string, status: number): Promise<void> {
  const authorization = basic(reader.name, reader.password);
  for (let tries = 0; ; tries += 1) {
    const answer = await fetch(`${url}/v2/${repository}/manifests/${tag}`, {
      headers: { accept, authorization },
    });
    const text = await answer.text();
    if (answer.status === status) return;
    if (tries === 300)
      throw new Error(`${repository}:${tag} answers ${answer.status}, not ${status}: ${text}`);
    await pause(100);
  }
}

async function rateOf({ host }: Product, method: string, path: string): Promise<number> {
  const authorization = basic(reader.name, reader.password);
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}`,
    `Accept: ${accept}`,
    `Authorization: ${authorization}`,
  ];
  const requests = [`${lines.join('\r\n')}\r\n\r\n`];
  const task = { port: Number(host.split(':')[1]), connections, seconds, requests };
  const { answers, seconds: took } = await sendRequests(task);
  return answers / took;
}
