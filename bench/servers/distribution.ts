import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { seedDistribution } from './distribution-layout.ts';
import { findProgram } from './find-program.ts';
import type { ServerKind } from './server.ts';

/** `registry` of the distribution project, version 3. */
export const distribution: ServerKind = {
  name: 'distribution 3',
  durability: 'fsync of the blob, not of the directory it is moved into; no authentication',
  find: () => findProgram('registry'),
  launch,
  readyPath: '/v2/',
  seed: seedDistribution,
};

/** The version 2.8 that Debian packages and that older products embed. */
export const dockerRegistry: ServerKind = {
  ...distribution,
  name: 'docker-registry 2.8',
  durability: 'fsync of the blob, not of the directory it is moved into; no authentication',
  find: () => findProgram('docker-registry'),
};

function launch(
  _program: string,
  folder: string,
  port: number,
): { args: string[]; env: Record<string, string> } {
  const file = `${folder}.config.yml`;
  const config = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: folder },
      cache: { blobdescriptor: 'inmemory' },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: false } },
    },
    http: { addr: `127.0.0.1:${port}` },
  };
  writeFileSync(file, stringify(config));
  return { args: ['serve', file], env: { OTEL_TRACES_EXPORTER: 'none' } };
}
