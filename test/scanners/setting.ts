import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from '../../lib/src/client/testing/free-port.ts';
import { startProduct, type Product } from '../harness/product.ts';
import { until, visitor, type Visitor } from '../harness/registry-client.ts';

/** A finding of a scanner, as the API tells it. */
export interface ToldFinding {
  readonly id: string;
  readonly package: string;
  readonly version: string;
  readonly fixedIn?: string;
  readonly severity: string;
}

/** What a scanner made of an image, as the API tells it. */
export interface ToldScan {
  readonly scanner: string;
  readonly state: 'none' | 'failed' | 'reported';
  readonly asked?: string;
  readonly failures: number;
  readonly problem?: string;
  readonly report?: {
    readonly asked: string;
    readonly reported: string;
    readonly generatedAt?: string;
    readonly scanner: object;
    readonly data?: string;
    readonly counts: Readonly<Record<string, number>>;
    readonly findings: readonly ToldFinding[];
  };
  readonly attempts: ReadonlyArray<{
    readonly asked: string;
    readonly outcome: string;
    readonly problem?: string;
  }>;
}

/** The product, which can be ended and started again where it was. */
export interface Setting extends AsyncDisposable {
  readonly folder: string;
  product: Product;
  admin: Visitor;
  /** Starts it where and as it was, or with another configuration. */
  start(config?: object): Promise<void>;
  /** Has it read another configuration while it runs. */
  reload(config: object): void;
  /** What scanners made of an image. */
  scansOf(repository: string, reference: string): Promise<readonly ToldScan[]>;
  /** The same of one scanner, once it is as it should be. */
  scanWhen(
    repository: string,
    reference: string,
    scanner: string,
    is: (scan: ToldScan) => boolean,
  ): Promise<ToldScan>;
}

/** Starts the product with a configuration that may name where it will be. */
export async function openSetting(configOf: (url: string) => object): Promise<Setting> {
  const folder = mkdtempSync(join(tmpdir(), 'scanners-'));
  const port = await freePort();
  let config = configOf(`http://127.0.0.1:${port}`);
  const started = async (): Promise<Pick<Setting, 'product' | 'admin'>> => {
    const product = await startProduct({ folder, config, port });
    return { product, admin: visitor(product.url, { name: product.user, password: product.password }) };
  };
  const setting: Setting = {
    folder,
    ...(await started()),
    async start(next = config) {
      config = next;
      Object.assign(setting, await started());
    },
    reload(next) {
      config = next;
      writeFileSync(join(folder, 'wharfinger.yaml'), stringify(config));
      process.kill(setting.product.pid, 'SIGHUP');
    },
    async scansOf(repository, reference) {
      const { status, json } = await setting.admin.api<{ scans: ToldScan[] }>('scans', {
        repository,
        reference,
      });
      if (status !== 200) throw new Error(`scans: ${status} ${JSON.stringify(json)}`);
      return json.scans;
    },
    async scanWhen(repository, reference, scanner, is) {
      let last: ToldScan | undefined;
      return until(async () => {
        last = (await setting.scansOf(repository, reference)).find((scan) => scan.scanner === scanner);
        return last !== undefined && is(last) ? last : undefined;
      }, `the scan of ${repository} by ${scanner}`).catch((error: unknown) => {
        throw new Error(`${String(error)}; it was ${JSON.stringify(last)}`, { cause: error });
      });
    },
    async [Symbol.asyncDispose]() {
      await setting.product.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return setting;
}

/** Has `scanner-report` decide on images by what a scanner says. */
export async function bindScanner(
  admin: Visitor,
  scanner: string,
  repositories = 'team/**',
  parameters: object = {},
): Promise<void> {
  const answer = await admin.post('bindings', {
    id: `needs-${scanner}`,
    collection: 'standard',
    routine: 'scanner-report',
    scope: { repositories: [repositories] },
    purposes: ['pull'],
    effect: 'hold',
    parameters: { scanner, ...parameters },
  });
  if (answer.status !== 200) throw new Error(`binding: ${answer.status} ${JSON.stringify(answer.json)}`);
}

/** Our adapter around a real Trivy, as a process of its own. */
export interface TrivyAdapter extends AsyncDisposable {
  readonly url: string;
  /** No scan begins from now on. */
  pause(): void;
  goOn(): void;
}

/** Starts it on a folder with a database; callers name themselves by the token. */
export async function startTrivyAdapter(folder: string, cache: string, token: string): Promise<TrivyAdapter> {
  const paused = join(folder, 'paused');
  const program = join(import.meta.dirname, 'trivy-adapter.ts');
  const child = spawn(process.execPath, [program, '--cache', cache, '--waits-while', paused], {
    env: { PATH: process.env['PATH'], HOME: folder, ADAPTER_TOKEN: token },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return {
    url: await firstLine(child),
    pause: () => writeFileSync(paused, ''),
    goOn: () => rmSync(paused, { force: true }),
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function firstLine(child: ChildProcess): Promise<string> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the adapter ended with ${code}`);
  });
  const [line] = (await Promise.race([once(child.stdout!, 'data'), ended])) as [Buffer];
  ended.catch(() => {});
  return line.toString().trim();
}
