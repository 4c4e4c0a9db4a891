import { generateKeyPairSync } from 'node:crypto';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { makeJudgement, makeRule, makeTrust } from '@wharfinger/lib/assess/judgement.fixtures';
import { signJudgement } from '@wharfinger/lib/assess/judgement-seal';
import { startDockerRegistry, type RunningRegistry } from '@wharfinger/lib/client/testing/docker-registry';
import { parsePrivateKey } from '@wharfinger/lib/signing/private-keys';
import { attempt, run, type Finished } from '../harness/command.ts';
import { makeKey, signer, type SigningKey } from '../harness/cosign.ts';
import { imageOf, indexOf, smallRoot } from '../harness/images.ts';
import { sha256, type Pushable } from '../harness/registry-client.ts';
import { lacksRoot, lacksTools } from '../requirements.ts';
import { startLyingRegistry, type LyingRegistry } from './lying-registry.ts';
import { pushTo } from './push.ts';

const verifierProgram = join(import.meta.dirname, '../../server/bin/wharf-verifier.js');
const tools = ['containerd2', 'ctr2', 'cosign3', 'docker-registry'];

describe.skipIf(lacksTools(tools) || lacksRoot())('the verifier of containerd', () => {
  let folder: string;
  let truth: RunningRegistry;
  let registry: LyingRegistry;
  let daemon: ChildProcess;
  let release: SigningKey;
  let good: Pushable;
  let evil: Pushable;
  const digestOf = ({ manifest }: Pushable): string => sha256(manifest);

  beforeAll(async () => {
    // short, because sockets lie below it
    folder = mkdtempSync(join(tmpdir(), 'wv-'));
    truth = await startDockerRegistry();
    registry = await startLyingRegistry(truth.host);
    release = await makeKey(folder, 'p256', 'release');
    good = imageOf([smallRoot('good')]);
    evil = imageOf([smallRoot('evil')]);
    await pushTo(truth.host, 'team/app', good, '1');
    await pushTo(truth.host, 'team/app', evil, 'evil');
    const cosign = signer(folder, folder, release);
    await cosign.sign('cosign3', `${truth.host}/team/app@${digestOf(good)}`);
    configureVerifier(folder, registry.host, release);
    daemon = await startContainerd(folder);
  });
  afterEach(() => {
    registry.lie = undefined;
  });
  afterAll(async () => {
    if (daemon !== undefined) {
      const exited = once(daemon, 'exit');
      daemon.kill('SIGTERM');
      await exited;
    }
    await registry[Symbol.asyncDispose]();
    await truth.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const ctr = (...args: string[]): string[] => ['ctr2', '-a', join(folder, 'c.sock'), ...args];
  const pull = (reference: string): Promise<Finished> =>
    attempt(
      ctr('images', 'pull', '--plain-http', '--snapshotter', 'native', `${registry.host}/${reference}`),
    );
  const images = (): Promise<string> => run(ctr('images', 'ls', '-q'));
  const isVerifier = (request: IncomingMessage): boolean =>
    (request.headers['user-agent'] ?? '').includes('wharfinger');
  const evidenceOf = (image: Pushable): string => digestOf(image).replace(':', '-');

  /** containerd pulls nothing, and says what our verifier said. */
  async function expectRefused(reference: string, reason: RegExp): Promise<void> {
    const before = await images();
    const { code, stderr } = await pull(reference);
    expect(stderr).toMatch(/image verifier bindir blocked pull of .* for reason: verifier wharf rejected/);
    expect(stderr).toMatch(reason);
    expect(code).not.toBe(0);
    expect(await images()).toBe(before);
  }

  it('refuses what nobody signed', () =>
    expectRefused(
      'team/app:evil',
      /held by wharfinger: not signed by a trusted key \(signed\); to do: sign/,
    ));

  it('refuses what a registry puts under the tag of a signed image', async () => {
    registry.lie = (path) =>
      path === '/v2/team/app/manifests/1' ? { path: '/v2/team/app/manifests/evil' } : undefined;
    await expectRefused('team/app:1', /not signed by a trusted key/);
  });

  it('refuses where the signatures are hidden', async () => {
    registry.lie = (path) => (path.includes(evidenceOf(good)) ? { status: 404 } : undefined);
    await expectRefused('team/app:1', /not signed by a trusted key/);
  });

  it('refuses what shows the signature of another image', async () => {
    registry.lie = (path) => {
      if (path === '/v2/team/app/manifests/1') return { path: '/v2/team/app/manifests/evil' };
      if (!path.includes(evidenceOf(evil))) return undefined;
      return { path: path.replace(evidenceOf(evil), evidenceOf(good)) };
    };
    await expectRefused('team/app:1', /a signature was found that does not count: /);
  });

  it('refuses where its own questions are answered with another image', async () => {
    registry.lie = (path, request) => {
      if (path === '/v2/team/app/manifests/1') return { path: '/v2/team/app/manifests/evil' };
      return isVerifier(request) && path.includes(digestOf(evil))
        ? { path: path.replace(digestOf(evil), digestOf(good)) }
        : undefined;
    };
    await expectRefused('team/app:1', /content does not have the digest that was promised/);
  });

  it('refuses where a layer is not what its digest says', async () => {
    const layer = [...good.blobs.keys()].at(-1)!;
    registry.lie = (path) =>
      path.endsWith(layer) ? { status: 200, body: Buffer.from([...evil.blobs.values()].at(-1)!) } : undefined;
    await expectRefused('team/app:1', /digest that was promised|length that was promised/);
  });

  it('refuses where the look-up of signatures fails: that is not none', async () => {
    registry.lie = (path) => (path.includes(evidenceOf(good)) ? { status: 500 } : undefined);
    await expectRefused('team/app:1', /not verified: the other registry failed/);
  });

  it('refuses in time where it gets no answer', async () => {
    registry.lie = (path) => (path.includes(evidenceOf(good)) ? 'silence' : undefined);
    const file = join(folder, 'verifier.yaml');
    const configured = readFileSync(file, 'utf8');
    writeFileSync(file, configured.replace('budget: 60s', 'budget: 5s'));
    await expectRefused('team/app:1', /not known in time/);
    writeFileSync(file, configured);
  });

  it('lets containerd pull what passed', async () => {
    const { code, stderr } = await pull('team/app:1');
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    expect(await images()).toContain(`${registry.host}/team/app:1`);
  });

  it('judges an index and its image for the node', async () => {
    const cosign = signer(folder, folder, release);
    const platform = { os: 'linux', architecture: 'amd64' };
    const index = indexOf([
      { image: good, platform },
      { image: evil, platform: { os: 'linux', architecture: 'arm64' } },
    ]);
    const hollow = indexOf([{ image: evil, platform }]);
    for (const [tag, image] of [
      ['index', index],
      ['hollow', hollow],
    ] as const) {
      await pushTo(truth.host, 'team/app', image, tag);
      await cosign.sign('cosign3', `${truth.host}/team/app@${digestOf(image)}`);
    }
    await expectRefused('team/app:hollow', /linux\/amd64: not signed by a trusted key/);
    const { code, stderr } = await pull('team/app:index');
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
  });

  it('keeps what passed for a while, and what was refused not at all', async () => {
    const ask = (digest: string): Promise<Finished> =>
      attempt([join(folder, 'bin/wharf'), '-name', `${registry.host}/team/app:1`, '-digest', digest], {
        env: { WHARFINGER_VERIFIER_CONFIG: join(folder, 'verifier.yaml') },
      });
    expect((await ask(digestOf(good))).code).toBe(0);
    expect((await ask(digestOf(evil))).code).toBe(1);
    registry.lie = () => ({ status: 404 });
    const before = registry.asked.length;
    expect((await ask(digestOf(good))).code).toBe(0);
    expect(registry.asked.length).toBe(before);
    expect(await ask(digestOf(evil))).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('manifest unknown'),
    });
  });

  it('says no where it is not set up, or asked what it does not understand', async () => {
    const ask = (args: readonly string[], config = join(folder, 'verifier.yaml')): Promise<Finished> =>
      attempt([process.execPath, verifierProgram, ...args], { env: { WHARFINGER_VERIFIER_CONFIG: config } });
    const name = `${registry.host}/team/app:1`;
    for (const [args, reason] of [
      [[], /give -name/],
      [['-name', name], /-digest/],
      [['-name', name, '-digest', 'latest'], /-digest/],
      [['-name', name, '-digest', digestOf(good), '-digest', digestOf(evil)], /given twice/],
      [['-name', `${name}@${digestOf(good)}`, '-digest', digestOf(evil)], /the name says/],
      [['-name', 'not a name', '-digest', digestOf(good)], /reference/],
      [['-name', 'elsewhere.example/app:1', '-digest', digestOf(good)], /nobody judges the images/],
    ] as const) {
      const { code, stdout } = await ask(args);
      expect([code, stdout]).toEqual([1, expect.stringMatching(reason)]);
      expect(stdout.trimEnd()).not.toContain('\n');
    }
    const { code, stdout } = await ask(
      ['-name', name, '-digest', digestOf(good)],
      join(folder, 'absent.yaml'),
    );
    expect([code, stdout]).toEqual([1, expect.stringContaining('absent.yaml cannot be read')]);
  });
});

/** Puts the verifier into the folder that containerd runs, with a judgement that demands a signature by `release`. */
function configureVerifier(folder: string, host: string, release: SigningKey): void {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = parsePrivateKey(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), undefined);
  const judgement = makeJudgement({
    repositories: [makeRule('**', { gate: 'hold', official: true })],
    trust: [makeTrust('team/**', { name: 'release', pem: release.pem })],
  });
  writeFileSync(join(folder, 'judgement.json'), signJudgement(judgement, key));
  writeFileSync(join(folder, 'registry.pub'), key.publicPem);
  const file = join(folder, 'verifier.yaml');
  const entry = { hosts: [host], judgement: 'judgement.json', keys: ['registry.pub'], advisories: [] };
  writeFileSync(file, stringify({ registries: [entry], budget: '60s', keep: '10m', cache: 'cache' }));
  mkdirSync(join(folder, 'bin'));
  const script = [
    '#!/bin/sh',
    `export WHARFINGER_VERIFIER_CONFIG=${file} HOME=${folder}`,
    `exec ${process.execPath} ${verifierProgram} "$@"`,
  ];
  writeFileSync(join(folder, 'bin/wharf'), `${script.join('\n')}\n`, { mode: 0o755 });
}

async function startContainerd(folder: string): Promise<ChildProcess> {
  const config = join(folder, 'containerd.toml');
  writeFileSync(
    config,
    [
      'version = 3',
      `root = "${folder}/c-root"`,
      `state = "${folder}/c-state"`,
      "disabled_plugins = ['io.containerd.cri.v1.images', 'io.containerd.cri.v1.runtime', 'io.containerd.grpc.v1.cri']",
      `[grpc]\naddress = "${folder}/c.sock"`,
      "[plugins.'io.containerd.image-verifier.v1.bindir']",
      `bin_dir = "${folder}/bin"\nper_verifier_timeout = "120s"`,
      "[[plugins.'io.containerd.transfer.v1.local'.unpack_config]]",
      'platform = "linux/amd64"\nsnapshotter = "native"',
    ].join('\n'),
  );
  const daemon = spawn('containerd2', ['--config', config, '--log-level', 'error'], { stdio: 'ignore' });
  const version = ['ctr2', '-a', join(folder, 'c.sock'), 'version'];
  for (let waited = 0; (await attempt(version)).code !== 0; waited += 200) {
    if (daemon.exitCode !== null || waited > 180_000) throw new Error('containerd does not serve');
    await pause(200);
  }
  return daemon;
}
