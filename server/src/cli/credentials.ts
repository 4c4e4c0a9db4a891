import { WharfingerError } from '@wharfinger/lib/errors';
import { askCredentialHelper } from './credential-helper.ts';
import {
  dockerConfigPath,
  keyOfRegistry,
  keysOfRegistry,
  readDockerConfig,
  writeDockerConfig,
} from './docker-config.ts';

/** A login at a registry. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

/**
 * The login that docker's configuration holds for a registry: from the helper configured for it, else from the file.
 * @returns undefined: none, which means anonymous
 * @throws WharfingerError CONFIG_INVALID
 */
export async function findLogin(
  registry: string,
  environment: NodeJS.ProcessEnv,
): Promise<Login | undefined> {
  const path = dockerConfigPath(environment);
  const config = await readDockerConfig(path);
  const helper = config.credHelpers?.[registry] ?? config.credsStore;
  if (helper !== undefined) {
    const found = await askCredentialHelper(helper, keyOfRegistry(registry), environment);
    if (found !== undefined) {
      if (found.username === '<token>') throw identityTokenUnsupported(registry);
      return { username: found.username, password: found.secret };
    }
  }
  for (const key of keysOfRegistry(registry)) {
    const entry = config.auths?.[key];
    if (entry === undefined) continue;
    if (entry.identitytoken) throw identityTokenUnsupported(registry);
    if (entry.auth) return decodeAuth(entry.auth, `${path}, auths, ${key}`);
    if (entry.username && entry.password) return { username: entry.username, password: entry.password };
  }
  return undefined;
}

/** Stores a login in docker's configuration file; where it is. */
export async function storeLogin(
  registry: string,
  login: Login,
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  const path = dockerConfigPath(environment);
  const config = await readDockerConfig(path);
  const auth = Buffer.from(`${login.username}:${login.password}`, 'utf8').toString('base64');
  await writeDockerConfig(path, {
    ...config,
    auths: { ...config.auths, [keyOfRegistry(registry)]: { auth } },
  });
  return path;
}

/** Removes the login from docker's configuration file; false if there was none. */
export async function removeLogin(registry: string, environment: NodeJS.ProcessEnv): Promise<boolean> {
  const path = dockerConfigPath(environment);
  const config = await readDockerConfig(path);
  const keys = keysOfRegistry(registry).filter((key) => config.auths?.[key] !== undefined);
  if (keys.length === 0) return false;
  const kept = Object.entries(config.auths ?? {}).filter(([key]) => !keys.includes(key));
  await writeDockerConfig(path, { ...config, auths: Object.fromEntries(kept) });
  return true;
}

function decodeAuth(auth: string, where: string): Login {
  const text = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = text.indexOf(':');
  if (colon <= 0) {
    throw new WharfingerError('CONFIG_INVALID', {
      what: `${where}: the login is not user:password in base64`,
      remedy: 'log in again',
    });
  }
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function identityTokenUnsupported(registry: string): WharfingerError {
  return new WharfingerError('CONFIG_INVALID', {
    what: `the login for ${registry} is an identity token, which wharf does not use`,
    remedy: `log in with user and password or a personal token: wharf login ${registry}`,
  });
}
