import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { readRecords } from '../test/side-by-side/records.ts';
import { writeTrivyDatabase } from '../test/side-by-side/trivy-database.ts';
import { usageOf, type Usage } from './usage.ts';

/** What keeps Trivy from asking anybody. */
const alone = ['--skip-db-update', '--quiet'];

/**
 * Writes the advisories of WHARFINGER_TEST_DATA into a database for Trivy.
 * @returns the folder for `--cache-dir`; undefined, with the reason on the screen: there is no Trivy on the PATH, or no data
 */
export function prepareTrivy(folder: string): string | undefined {
  const data = process.env['WHARFINGER_TEST_DATA'];
  const isThere = (process.env['PATH'] ?? '').split(delimiter).some((one) => existsSync(join(one, 'trivy')));
  if (!isThere || data === undefined) {
    console.log('without Trivy: it must be on the PATH, and WHARFINGER_TEST_DATA name a folder\n');
    return undefined;
  }
  writeTrivyDatabase(folder, readRecords(data));
  return folder;
}

/** Scans the image of an OCI layout, which Trivy has not seen before. Wall clock in seconds, its start included. */
export async function scanOnce(
  layout: string,
  cache: string,
  scanners: string,
): Promise<Usage & { readonly wall: number }> {
  rmSync(join(cache, 'fanal'), { recursive: true, force: true });
  const args = ['image', '--input', layout, '--cache-dir', cache, '--format', 'json', '--scanners', scanners];
  const start = performance.now();
  const more = ['--skip-java-db-update', '--skip-version-check', '--offline-scan', ...alone];
  const child = spawn('trivy', [...args, ...more], { stdio: ['ignore', 'ignore', 'inherit'] });
  let last = { cpu: 0, memory: 0 };
  const timer = setInterval(() => (last = usageOf(child.pid!) ?? last), 10);
  const [code] = await once(child, 'exit');
  clearInterval(timer);
  if (code !== 0) throw new Error(`Trivy ended with ${code}`);
  return { ...last, wall: (performance.now() - start) / 1000 };
}

/** What a server of Trivy is told of an image: packages of a distribution, and of npm. */
export interface TrivyImage {
  /** as Trivy calls it, and its release */
  readonly distribution: readonly [family: string, release: string];
  readonly packages: ReadonlyArray<Readonly<Record<string, string>>>;
  readonly npm?: ReadonlyArray<Readonly<Record<string, string>>>;
}

/** A server of Trivy that keeps what images contain, and is asked for what matches. */
export interface TrivyServer extends AsyncDisposable {
  readonly pid: number;
  /** Has it keep an image, under a number. */
  readonly put: (number: number, image: TrivyImage) => Promise<void>;
  /** Matches the packages of an image with its advisories; returns how many findings there are. */
  readonly match: (number: number) => Promise<number>;
}

/** Starts it on a port of this machine. */
export async function startTrivy(cache: string, port: number): Promise<TrivyServer> {
  const address = `127.0.0.1:${port}`;
  const child = spawn('trivy', ['server', '--listen', address, '--cache-dir', cache, ...alone], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ask = async (method: string, body: object): Promise<unknown> => {
    const response = await fetch(`http://${address}/twirp/${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  for (let wait = 0; !(await isHealthy(address)); wait += 1) {
    if (wait === 300 || child.exitCode !== null) throw new Error('Trivy does not listen');
    await new Promise((resolve) => void setTimeout(resolve, 100));
  }
  const named = (digit: number, number: number): string =>
    `sha256:${digit}${number.toString(16).padStart(63, '0')}`;
  return {
    pid: child.pid!,
    async put(number, { distribution: [family, name], packages, npm = [] }) {
      const blob = named(1, number);
      await ask('trivy.cache.v1.Cache/PutBlob', {
        diff_id: blob,
        blob_info: {
          schema_version: 2,
          diff_id: blob,
          os: { family, name },
          package_infos: [{ file_path: 'var/lib/dpkg/status', packages }],
          applications: npm.length === 0 ? [] : [{ type: 'node-pkg', packages: npm }],
        },
      });
      await ask('trivy.cache.v1.Cache/PutArtifact', {
        artifact_id: named(2, number),
        artifact_info: { schema_version: 1, architecture: 'amd64', os: 'linux' },
      });
    },
    match: async (number) => {
      const { results = [] } = (await ask('trivy.scanner.v1.Scanner/Scan', {
        target: 'image',
        artifact_id: named(2, number),
        blob_ids: [named(1, number)],
        options: { pkg_types: ['os', 'library'], scanners: ['vuln'] },
      })) as { readonly results?: ReadonlyArray<{ readonly vulnerabilities?: readonly unknown[] }> };
      return results.reduce((sum, { vulnerabilities = [] }) => sum + vulnerabilities.length, 0);
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await once(child, 'exit');
    },
  };
}

async function isHealthy(address: string): Promise<boolean> {
  return fetch(`http://${address}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );
}
