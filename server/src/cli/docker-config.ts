import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { WharfingerError } from '@wharfinger/lib/errors';

/** The part of docker's client configuration that wharf writes; everything else in it is kept as it is. */
const dockerConfig = z.looseObject({
  auths: z.record(z.string(), z.looseObject({})).optional(),
  credsStore: z.string().optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
});

export type DockerConfig = z.infer<typeof dockerConfig>;

/** Where docker's configuration lies: $DOCKER_CONFIG/config.json, else ~/.docker/config.json. */
export function dockerConfigPath(environment: NodeJS.ProcessEnv): string {
  return join(
    environment['DOCKER_CONFIG'] || join(environment['HOME'] || homedir(), '.docker'),
    'config.json',
  );
}

/** The text of docker's configuration; an absent file is an empty one. */
export async function readDockerConfig(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '{}';
    throw error;
  }
}

/**
 * Parses docker's configuration for a change.
 * @throws WharfingerError CONFIG_INVALID
 */
export function parseForChange(text: string, path: string): DockerConfig {
  const refuse = (what: string): never => {
    throw new WharfingerError('CONFIG_INVALID', {
      what: `${path}: ${what}`,
      remedy: 'correct the file, or name another folder with DOCKER_CONFIG',
    });
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse(`it is not valid JSON (${(error as Error).message})`);
  }
  const parsed = dockerConfig.safeParse(value);
  return parsed.success ? parsed.data : refuse(z.prettifyError(parsed.error));
}

/** Replaces the file whole, readable for its owner alone; another process sees the old one or the new one. */
export async function writeDockerConfig(path: string, config: DockerConfig): Promise<void> {
  const folder = join(path, '..');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.new`;
  try {
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(config, undefined, '\t')}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Docker Hub is known under this name in the file. */
const hubKey = 'https://index.docker.io/v1/';

/** The key under which docker stores a registry's login. */
export function keyOfRegistry(registry: string): string {
  return registry === 'docker.io' || registry === 'index.docker.io' ? hubKey : registry;
}

/** The keys under which clients, old ones too, may have stored a registry's login; the usual one first. */
export function keysOfRegistry(registry: string): string[] {
  const key = keyOfRegistry(registry);
  if (key === hubKey) return [hubKey, 'docker.io', 'index.docker.io', 'registry-1.docker.io'];
  const addresses = [`https://${registry}`, `http://${registry}`];
  return [registry, ...addresses.flatMap((base) => [base, `${base}/`, `${base}/v1/`, `${base}/v2/`])];
}
