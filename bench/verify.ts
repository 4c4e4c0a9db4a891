/** `node bench/verify.ts`: what it costs to verify an image that cosign signed, beside cosign itself. See README.md here. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeJudgement, makeRule, makeTrust } from '@wharfinger/lib/assess/judgement.fixtures';
import { signJudgement } from '@wharfinger/lib/assess/judgement-seal';
import { remoteEvidence } from '@wharfinger/lib/client/content-source';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { parseDigest } from '@wharfinger/lib/oci/digest';
import type { EvidenceSource } from '@wharfinger/lib/oci/evidence-source';
import { newKey } from '@wharfinger/lib/signing/evidence.fixtures';
import { trustOfKeys } from '@wharfinger/lib/signing/trusted-signers';
import { verifyEvidence } from '@wharfinger/lib/signing/verify-evidence';
import { stringify } from 'yaml';
import { attempt, run } from '../test/harness/command.ts';
import { homeOf, makeKey, signer } from '../test/harness/cosign.ts';
import { imageOf, smallRoot } from '../test/harness/images.ts';
import { startProduct } from '../test/harness/product.ts';
import { visitor } from '../test/harness/registry-client.ts';
import { findProgram } from './servers/find-program.ts';
import { median } from './table.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '11' },
    seconds: { type: 'string', default: '1' },
    folder: { type: 'string', default: tmpdir() },
  },
});
const rounds = Number(options.rounds);
const milliseconds = Number(options.seconds) * 1000;
const verifier = join(import.meta.dirname, '../server/bin/wharf-verifier.js');
const repository = 'team/app';

process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
if (findProgram('cosign3') === undefined) throw new Error('cosign3 is not on the PATH: it signs the image');
const folder = mkdtempSync(join(options.folder, 'wharfinger-bench-verify-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const product = await startProduct({ folder, config: { namespaces: [{ name: 'team', gate: 'warn' }] } });
try {
  const { host, url, user, password } = product;
  const login = { name: user, password };
  const digest = await visitor(url, login).push(repository, imageOf([smallRoot('bench')]), 'v1');
  const reference = `${host}/${repository}@${digest}`;
  const key = await makeKey(folder, 'p256');
  const home = homeOf(folder, host, login);
  await signer(folder, home, key).sign('cosign3', reference);
  const env = { HOME: home, DOCKER_CONFIG: home };
  const configuration = writeConfiguration(host, key.pem);
  const cache = join(folder, 'cache');

  const ask = [process.execPath, verifier, '-name', `${host}/${repository}:v1`, '-digest', digest];
  async function verifierAllows(): Promise<void> {
    const asked = { env: { ...env, WHARFINGER_VERIFIER_CONFIG: configuration } };
    const { code, stdout } = await attempt(ask, asked);
    if (code !== 0) throw new Error(stdout);
  }

  const credentials = { username: user, password };
  const session = new RegistrySession(host, { credentials });
  const remote = remoteEvidence(session, repository);
  const kept = remembered(remote);
  const trust = trustOfKeys([{ name: 'release', pem: key.pem }]);
  async function evidenceCounts(source: EvidenceSource): Promise<void> {
    const { valid } = await verifyEvidence({ digest: parseDigest(digest) }, source, trust, new Date());
    if (valid.length !== 1) throw new Error('the signature does not count');
  }

  const cosign = ['cosign3', 'verify', '--key', join(folder, 'p256.pub'), '--insecure-ignore-tlog=true'];
  const work: ReadonlyArray<readonly [name: string, once: () => Promise<void>, before?: () => void]> = [
    [
      'cosign 3 verify',
      async () => void (await run([...cosign, '--allow-insecure-registry', reference], { env })),
    ],
    ['wharf-verifier, nothing kept', verifierAllows, () => rmSync(cache, { recursive: true, force: true })],
    ['wharf-verifier, decision kept', verifierAllows],
    ['library, evidence fetched', () => evidenceCounts(remote)],
    ['library, evidence remembered', () => evidenceCounts(kept)],
  ];
  const results = new Map<string, number[]>(work.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, once, before] of work) {
      before?.();
      results.get(name)!.push(await timeOf(once, name.startsWith('library') ? milliseconds : 0));
    }
  }
  await session.close();
  const beside = median(results.get('cosign 3 verify')!)!;
  console.log(
    `one image signed by cosign 3 with a key, the same registry; median of ${rounds} rounds in turns`,
  );
  for (const [name, times] of results) {
    const time = median(times)!;
    console.log(
      `  ${name.padEnd(32)} ${time.toFixed(2).padStart(9)} ms  ${(beside / time).toFixed(2).padStart(8)} × cosign`,
    );
  }
} finally {
  await product.stop();
}

/** Milliseconds that it takes once, or on average over so long a time. */
async function timeOf(once: () => Promise<void>, long: number): Promise<number> {
  const begin = performance.now();
  let times = 0;
  do {
    await once();
    times += 1;
  } while (performance.now() - begin < long);
  return (performance.now() - begin) / times;
}

/** What was fetched before is not fetched again. */
function remembered(source: EvidenceSource): EvidenceSource {
  const known = new Map<string, Promise<unknown>>();
  const once = <T>(key: string, fetch: () => Promise<T>): Promise<T> => {
    const found = (known.get(key) as Promise<T> | undefined) ?? fetch();
    known.set(key, found);
    return found;
  };
  return {
    manifest: (name) => once(`manifest ${name}`, () => source.manifest(name)),
    referrers: (subject) => once(`referrers ${subject}`, () => source.referrers(subject)),
    blob: (descriptor, limit) => once(`blob ${descriptor.digest}`, () => source.blob(descriptor, limit)),
  };
}

/** The node verifier's configuration: by a judgement that demands a signature of `release`. */
function writeConfiguration(host: string, pem: string): string {
  const registry = newKey();
  const judgement = makeJudgement({
    repositories: [makeRule('**', { gate: 'hold', official: true })],
    trust: [makeTrust('team/**', { name: 'release', pem })],
  });
  writeFileSync(join(folder, 'judgement.json'), signJudgement(judgement, registry));
  writeFileSync(join(folder, 'registry.pub'), registry.publicPem);
  const entry = { hosts: [host], judgement: 'judgement.json', keys: ['registry.pub'], advisories: [] };
  const file = join(folder, 'verifier.yaml');
  writeFileSync(file, stringify({ registries: [entry], keep: '1h', cache: 'cache' }));
  return file;
}
