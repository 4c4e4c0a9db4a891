import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { stringify } from 'yaml';
import { run } from '../harness/command.ts';
import { freePort } from '../../lib/src/client/testing/free-port.ts';
import { until } from '../harness/registry-client.ts';

const launcher = join(import.meta.dirname, '../../server/bin/wharf.js');

/** `wharf admission serve` in a process of its own, with certificates that `wharf admission certificates` made. */
export interface Webhook extends AsyncDisposable {
  readonly url: string;
  readonly folder: string;
  /** base64 of the authority's PEM */
  readonly caBundle: string;
  log(): string;
  /** a number of /metrics */
  metric(name: string): Promise<number>;
  send(path: string, body: Buffer | string, type?: string): Promise<{ status: number; text: string }>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Makes certificates and starts it. */
export async function startWebhook(folder: string, config: object): Promise<Webhook> {
  mkdirSync(folder, { recursive: true });
  await makeCertificates(folder);
  const port = await freePort();
  const url = `https://127.0.0.1:${port}`;
  const configFile = join(folder, 'admission.yaml');
  const logFile = join(folder, 'admission.log');
  const tls = { certificate: 'tls.crt', key: 'tls.key' };
  writeFileSync(configFile, stringify({ listen: `127.0.0.1:${port}`, tls, ...config }));
  const ca = readFileSync(join(folder, 'ca.crt'), 'utf8');
  let stopRunning: (() => Promise<void>) | undefined;

  async function ask(path: string, body?: Buffer | string, type = 'application/json') {
    const dispatcher = new Agent({ connect: { ca: readFileSync(join(folder, 'ca.crt'), 'utf8') } });
    try {
      const answer = await request(`${url}${path}`, {
        dispatcher,
        ...(body === undefined ? {} : { method: 'POST', body, headers: { 'content-type': type } }),
      });
      return { status: answer.statusCode, text: await answer.body.text() };
    } finally {
      await dispatcher.destroy();
    }
  }

  const webhook: Webhook = {
    url,
    folder,
    caBundle: Buffer.from(ca).toString('base64'),
    log: () => readFileSync(logFile, 'utf8'),
    send: (path, body, type) => ask(path, body, type),
    async metric(name) {
      const { text } = await ask('/metrics');
      const line = text.split('\n').find((one) => one.startsWith(`${name} `));
      if (line === undefined) throw new Error(`there is no metric ${name}:\n${text}`);
      return Number(line.split(' ')[1]);
    },
    async start() {
      const log = openSync(logFile, 'a');
      const child = spawn(process.execPath, [launcher, 'admission', 'serve', '--config', configFile], {
        stdio: ['ignore', log, log],
        env: { ...process.env, HOME: folder, XDG_STATE_HOME: join(folder, 'state'), DOCKER_CONFIG: folder },
      });
      closeSync(log);
      stopRunning = async () => {
        if (child.exitCode !== null) return;
        const exited = once(child, 'exit');
        child.kill('SIGTERM');
        await exited;
      };
      await until(async () => {
        if (child.exitCode !== null) throw new Error(`the webhook ended:\n${readFileSync(logFile, 'utf8')}`);
        const answer = await ask('/readyz').catch(() => undefined);
        return answer?.status === 200 ? true : undefined;
      }, 'the webhook to be ready');
    },
    async stop() {
      await stopRunning?.();
    },
    [Symbol.asyncDispose]: () => webhook.stop(),
  };
  await webhook.start();
  return webhook;
}

/** A new authority and certificate in the folder, by the command that users have. */
export async function makeCertificates(folder: string): Promise<void> {
  const command = ['admission', 'certificates', '--host', '127.0.0.1', '--output', folder];
  await run([process.execPath, launcher, ...command]);
}
