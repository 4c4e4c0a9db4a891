import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { consumedTypes, reportTypes } from './media-types.ts';
import { reportOf, type Report, type Scanner, type TrivyReport } from './report.ts';
import { Refused, type ScanRequest } from './request.ts';

/** The scanner behind the adapter. */
export interface Trivy {
  /** What the adapter says of itself, and how old its database is. */
  metadata(): Promise<object>;
  /** @throws Refused with what Trivy said last */
  scan(request: ScanRequest): Promise<Report>;
}

const execute = promisify(execFile);
const mostOutput = 1 << 28;
const offline = ['--skip-db-update', '--skip-java-db-update', '--offline-scan'];
const plain = ['--quiet', '--skip-version-check', '--skip-vex-repo-update', '--scanners', 'vuln'];

/** The real program, which must be on the PATH, with the database that lies in `cache`. */
export async function createTrivy(cache: string): Promise<Trivy> {
  const { stdout } = await execute('trivy', ['version', '--format', 'json', '--cache-dir', cache]);
  const { Version: version } = JSON.parse(stdout) as { readonly Version: string };
  const scanner: Scanner = { name: 'Trivy', vendor: 'Aqua Security', version };
  return {
    async metadata() {
      const { UpdatedAt: updated } = JSON.parse(await readFile(join(cache, 'db/metadata.json'), 'utf8')) as {
        readonly UpdatedAt: string;
      };
      return {
        scanner,
        capabilities: [
          {
            type: 'vulnerability',
            consumes_mime_types: consumedTypes,
            produces_mime_types: reportTypes,
          },
        ],
        properties: {
          'harbor.scanner-adapter/scanner-type': 'os-package-vulnerability',
          'harbor.scanner-adapter/vulnerability-database-updated-at': updated,
        },
      };
    },
    async scan(request) {
      const reference = `${request.registry.host}/${request.repository}@${request.digest}`;
      const from = ['image', '--image-src', 'remote', '--cache-dir', cache, '--format', 'json'];
      const found = await execute('trivy', [...from, ...plain, ...offline, reference], {
        // not what this process knows, nor settings that lie where it was started
        env: { PATH: process.env['PATH'], HOME: cache, ...accessOf(request) },
        cwd: cache,
        maxBuffer: mostOutput,
      }).catch((error: { readonly stderr?: string }) => {
        throw new Refused(500, lastLine(error.stderr ?? ''));
      });
      return reportOf(JSON.parse(found.stdout) as TrivyReport, request, scanner, new Date());
    },
  };
}

/** The credentials of the request in the words of Trivy: they are never arguments, which every process can read. */
function accessOf({ registry, authorization = '' }: ScanRequest): Readonly<Record<string, string>> {
  const [scheme = '', value = ''] = authorization.split(' ');
  const insecure: Record<string, string> = registry.protocol === 'http:' ? { TRIVY_INSECURE: 'true' } : {};
  if (scheme.toLowerCase() === 'bearer') return { ...insecure, TRIVY_REGISTRY_TOKEN: value };
  if (scheme.toLowerCase() !== 'basic') return insecure;
  const [, name = '', password = ''] = /^([^:]*):(.*)$/s.exec(Buffer.from(value, 'base64').toString()) ?? [];
  return { ...insecure, TRIVY_USERNAME: name, TRIVY_PASSWORD: password };
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.slice(0, 500) ?? 'Trivy said nothing';
}
