import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FixtureEntry } from '@wharfinger/lib/inspect/layer-fixture';
import { findingsSchema } from '@wharfinger/lib/probes/probe.fixtures';
import { run } from '../harness/command.ts';
import { startDockerDaemon, type DockerDaemon } from '../harness/docker-daemon.ts';
import { layerOf, manifestOf, rawLayer } from '../harness/images.ts';
import { types } from '../harness/oci-layout.ts';
import { startProduct, type Product } from '../harness/product.ts';
import { sha256, visitor, type Pushable, type Visitor } from '../harness/registry-client.ts';

/** A probe of a configuration. */
export interface Bound {
  readonly name: string;
  readonly image: Pushable;
  readonly signedBy?: string;
  /** absent: all of `team` */
  readonly repositories?: string;
}

/** The product with a real Docker daemon of its own. */
export interface Setting extends AsyncDisposable {
  readonly folder: string;
  readonly daemon: DockerDaemon;
  readonly engine: string;
  product: Product;
  /** the administrator of the product as it runs now */
  admin: Visitor;
  /** Starts the product again with the configuration as it is; another one where it is given. */
  restart(change?: { readonly bound?: readonly Bound[]; readonly engine?: boolean }): Promise<void>;
  /** Every container and volume that the daemon has, whoever made it. */
  leftovers(): Promise<string[]>;
}

/** Starts both; images of `team` are held until the probes that are bound have passed. */
export async function openSetting(bound: readonly Bound[], more: object = {}): Promise<Setting> {
  // short, because the daemon puts sockets below it
  const folder = mkdtempSync(join(tmpdir(), 'wp-'));
  const daemon = await startDockerDaemon(folder);
  const engine = `unix://${join(folder, 'docker.sock')}`;
  const configOf = (probes: readonly Bound[], withEngine: boolean): object => ({
    namespaces: [
      { name: 'team', gate: 'hold' },
      { name: 'probes', gate: 'warn' },
    ],
    probes: {
      ...(withEngine && { engine }),
      run: probes.map(({ name, image, signedBy, repositories = 'team/**' }) => ({
        repositories,
        name,
        probe: `probes/${name}@${sha256(image.manifest)}`,
        ...(signedBy !== undefined && { signedBy }),
      })),
    },
    ...more,
  });
  let [probes, withEngine] = [bound, true];
  const product = await startProduct({ folder, config: configOf(probes, withEngine) });
  const adminOf = ({ url, user, password }: Product): Visitor => visitor(url, { name: user, password });
  const setting: Setting = {
    folder,
    daemon,
    engine,
    product,
    admin: adminOf(product),
    async restart(change = {}) {
      await setting.product.stop();
      probes = change.bound ?? probes;
      withEngine = change.engine ?? withEngine;
      setting.product = await startProduct({ folder, config: configOf(probes, withEngine) });
      setting.admin = adminOf(setting.product);
    },
    async leftovers() {
      const containers = await run(daemon.command('ps', '--all', '--quiet'));
      const volumes = await run(daemon.command('volume', 'ls', '--quiet'));
      return `${containers}\n${volumes}`.split('\n').filter((line) => line !== '');
    },
    async [Symbol.asyncDispose]() {
      await setting.product.stop();
      await daemon[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return setting;
}

/** An image that declares itself a probe. */
export function probeOf(
  name: string,
  entries: readonly FixtureEntry[],
  entrypoint: readonly string[],
  limits: object = {},
): Pushable {
  const layer = layerOf(...entries);
  const declaration = {
    name,
    version: '1.0.0',
    description: `the probe ${name} of a test`,
    schema: findingsSchema,
    limits,
  };
  const config = {
    created: '2026-01-01T00:00:00Z',
    architecture: 'amd64',
    os: 'linux',
    config: { Entrypoint: entrypoint, Labels: { 'dev.wharfinger.probe': JSON.stringify(declaration) } },
    rootfs: { type: 'layers', diff_ids: [layer.diffId] },
    history: [{ created_by: 'made by a test' }],
  };
  return manifestOf([layer], rawLayer(JSON.stringify(config), types.config), {});
}

/** A probe that is a shell script: a static busybox, and nothing else. */
export function scriptProbe(name: string, script: string, limits: object = {}): Pushable {
  const busybox = readFileSync('/bin/busybox');
  return probeOf(
    name,
    [
      { name: 'bin/', flag: '5', mode: 0o755 },
      { name: 'bin/busybox', body: busybox, mode: 0o755 },
      { name: 'probe', body: `#!/bin/busybox sh\n${script}\n`, mode: 0o755 },
      { name: 'tmp/', flag: '5', mode: 0o1777 },
    ],
    ['/bin/busybox', 'sh', '/probe'],
    limits,
  );
}

/** Has `probe-passed` decide for a probe. */
export async function bindProbe(admin: Visitor, probe: string, repositories = 'team/**'): Promise<void> {
  const answer = await admin.post('bindings', {
    id: `needs-${probe}`,
    collection: 'standard',
    routine: 'probe-passed',
    scope: { repositories: [repositories] },
    purposes: ['pull'],
    effect: 'hold',
    parameters: { probe },
  });
  if (answer.status !== 200) throw new Error(`binding: ${answer.status} ${JSON.stringify(answer.json)}`);
}
