import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { freePort } from '../../lib/src/client/testing/free-port.ts';

/** What the API server answered. */
export interface KubeAnswer {
  readonly status: number;
  readonly json: KubeObject;
  /** Warning headers, as kubectl prints them */
  readonly warnings: string;
}

/** An object of Kubernetes, or the Status that refuses one: fields that are not of its kind are undefined. */
export interface KubeObject {
  /** of a Status */
  readonly message: string;
  readonly spec: PodSpec & { readonly replicas: number };
}

export interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers: readonly Container[];
  readonly ephemeralContainers: readonly Container[];
  readonly volumes: ReadonlyArray<{ readonly image: { readonly reference: string } }>;
}

interface Container {
  readonly name: string;
  readonly image: string;
}

/** A real API server with its etcd, spoken to over TLS as a user of the group system:masters. */
export interface ApiServer extends AsyncDisposable {
  readonly url: string;
  /** the configuration by which kubectl and helm reach it */
  readonly kubeconfig: object;
  call(method: string, path: string, body?: object, type?: string): Promise<KubeAnswer>;
}

const token = 'only-for-this-test-token';
export const patchTypes = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const;

/** Starts etcd and kube-apiserver and waits until the default namespace is there. */
export async function startApiServer(folder: string): Promise<ApiServer> {
  mkdirSync(folder, { recursive: true });
  const [clients, peers, port] = [await freePort(), await freePort(), await freePort()];
  const etcdUrl = `http://127.0.0.1:${clients}`;
  const peerUrl = `http://127.0.0.1:${peers}`;
  const etcd = start('etcd', folder, [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    '--log-level=error',
    // it does not outlive the test, and disks of busy machines are slow
    '--unsafe-no-fsync',
  ]);
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(join(folder, 'sa.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
  writeFileSync(join(folder, 'sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(join(folder, 'tokens.csv'), `${token},admin,1,"system:masters"\n`);
  const server = start('kube-apiserver', folder, [
    `--etcd-servers=${etcdUrl}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${join(folder, 'certs')}`,
    `--service-account-key-file=${join(folder, 'sa.pub')}`,
    `--service-account-signing-key-file=${join(folder, 'sa.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--token-auth-file=${join(folder, 'tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--disable-admission-plugins=ServiceAccount',
  ]);
  const url = `https://127.0.0.1:${port}`;
  let agent: Agent | undefined;
  const call = async (method: string, path: string, body?: object, type = 'application/json') => {
    agent ??= new Agent({ connect: { ca: certificateIn(join(folder, 'certs/apiserver.crt')) } });
    const answer = await request(`${url}${path}`, {
      method: method as 'GET',
      dispatcher: agent,
      headers: { authorization: `Bearer ${token}`, 'content-type': type },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    return {
      status: answer.statusCode,
      json: parseObject(text),
      warnings: [answer.headers['warning'] ?? []].flat().join('\n'),
    };
  };
  const stop = async (): Promise<void> => {
    await agent?.destroy();
    await end(server);
    await end(etcd);
  };
  try {
    await untilServing(call, server, folder);
  } catch (error) {
    await stop();
    throw error;
  }
  const cluster = { server: url, 'certificate-authority': join(folder, 'certs/apiserver.crt') };
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  };
  return { url, kubeconfig, call, [Symbol.asyncDispose]: stop };
}

/** @throws Error where it is not there yet, or not whole */
function certificateIn(file: string): string {
  const pem = readFileSync(file, 'utf8');
  if (!pem.trimEnd().endsWith('-----END CERTIFICATE-----')) throw new Error(`${file} is not whole`);
  return pem;
}

function parseObject(text: string): KubeObject {
  return JSON.parse(text.startsWith('{') ? text : JSON.stringify({ message: text })) as KubeObject;
}

async function untilServing(call: ApiServer['call'], server: ChildProcess, folder: string): Promise<void> {
  for (let waited = 0; waited < 180_000; waited += 200) {
    if (server.exitCode !== null) break;
    const ready = await call('GET', '/api/v1/namespaces/default').catch(() => undefined);
    const healthy = await call('GET', '/readyz').catch(() => undefined);
    if (ready?.status === 200 && healthy?.status === 200) return;
    await pause(200);
  }
  throw new Error(
    `the API server does not serve:\n${readFileSync(join(folder, 'kube-apiserver.log'), 'utf8').slice(-4000)}`,
  );
}

function start(program: string, folder: string, args: readonly string[]): ChildProcess {
  const log = openSync(join(folder, `${program}.log`), 'a');
  const child = spawn(program, args, { stdio: ['ignore', log, log] });
  closeSync(log);
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const kill = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exited;
  clearTimeout(kill);
}
