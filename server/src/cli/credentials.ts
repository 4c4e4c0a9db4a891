import { parseDockerConfig, type Credentials } from '@wharfinger/lib/client/credentials';
import { askHelper, type Helper } from './credential-helper.ts';
import {
  dockerConfigPath,
  keyOfRegistry,
  keysOfRegistry,
  parseForChange,
  readDockerConfig,
  writeDockerConfig,
  type DockerConfig,
} from './docker-config.ts';

/** A login that a person gives. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

/** Docker's name for a secret that is a refresh token. */
const tokenUser = '<token>';

/**
 * The login that docker's configuration holds for a registry: from the helper configured for it, else from the file.
 * @returns undefined: none, which means anonymous
 * @throws WharfingerError CONFIG_INVALID
 */
export async function findLogin(
  registry: string,
  environment: NodeJS.ProcessEnv,
): Promise<Credentials | undefined> {
  const login = parseDockerConfig(await readDockerConfig(dockerConfigPath(environment)))(registry);
  if (login === undefined || !('helper' in login)) return login;
  const found = await askHelper({ name: login.helper, environment }, keyOfRegistry(registry));
  if (found?.username === tokenUser) return { identityToken: found.password };
  return found;
}

/** Stores a login where docker would: with the helper configured for the registry, else in the file. Says where. */
export async function storeLogin(
  registry: string,
  login: Login,
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  const path = dockerConfigPath(environment);
  const config = parseForChange(await readDockerConfig(path), path);
  const helper = helperFor(registry, config, environment);
  if (helper !== undefined) {
    await askHelper(helper, keyOfRegistry(registry), login);
    return `docker-credential-${helper.name}`;
  }
  const auth = Buffer.from(`${login.username}:${login.password}`, 'utf8').toString('base64');
  await writeDockerConfig(path, {
    ...config,
    auths: { ...config.auths, [keyOfRegistry(registry)]: { auth } },
  });
  return path;
}

/** Removes the login from the helper or the file; false if there was none. */
export async function removeLogin(registry: string, environment: NodeJS.ProcessEnv): Promise<boolean> {
  const path = dockerConfigPath(environment);
  const config = parseForChange(await readDockerConfig(path), path);
  const helper = helperFor(registry, config, environment);
  const inHelper =
    helper !== undefined && (await askHelper(helper, keyOfRegistry(registry), 'erase')) !== undefined;
  const keys = keysOfRegistry(registry).filter((key) => config.auths?.[key] !== undefined);
  if (keys.length === 0) return inHelper;
  const kept = Object.entries(config.auths ?? {}).filter(([key]) => !keys.includes(key));
  await writeDockerConfig(path, { ...config, auths: Object.fromEntries(kept) });
  return true;
}

function helperFor(
  registry: string,
  config: DockerConfig,
  environment: NodeJS.ProcessEnv,
): Helper | undefined {
  const name = config.credHelpers?.[registry] ?? config.credsStore;
  return name ? { name, environment } : undefined;
}
