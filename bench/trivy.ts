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

/** A server of Trivy that has the packages of an image, as it keeps them, and is asked for what matches. */
export interface TrivyServer extends AsyncDisposable {
  /** Matches them; returns how many findings there are. */
  readonly match: () => Promise<number>;
}

/** Starts it on a port of this machine, with packages of Debian. */
export async function startTrivy(
  cache: string,
  port: number,
  packages: ReadonlyArray<Readonly<Record<string, string>>>,
): Promise<TrivyServer> {
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
  const blob = `sha256:${'1'.repeat(64)}`;
  const artifact = `sha256:${'2'.repeat(64)}`;
  await ask('trivy.cache.v1.Cache/PutBlob', {
    diff_id: blob,
    blob_info: {
      schema_version: 2,
      diff_id: blob,
      os: { family: 'debian', name: '12.0' },
      package_infos: [{ file_path: 'var/lib/dpkg/status', packages }],
    },
  });
  await ask('trivy.cache.v1.Cache/PutArtifact', {
    artifact_id: artifact,
    artifact_info: { schema_version: 1, architecture: 'amd64', os: 'linux' },
  });
  const request = {
    target: 'image',
    artifact_id: artifact,
    blob_ids: [blob],
    options: { pkg_types: ['os'], scanners: ['vuln'] },
  };
  return {
    match: async () => {
      const { results = [] } = (await ask('trivy.scanner.v1.Scanner/Scan', request)) as {
        readonly results?: ReadonlyArray<{ readonly vulnerabilities?: readonly unknown[] }>;
      };
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
