import { WharfingerError } from '../errors.ts';

/** How a client says who it is: a name with a password, or the refresh token that a login left behind. */
export type Credentials =
  | { readonly username: string; readonly password: string }
  | { readonly identityToken: string };

/** What a docker configuration says of a registry: credentials, or the helper program that knows them. */
export type DockerLogin = Credentials | { readonly helper: string };

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads the configuration that docker, podman and others keep logins in (config.json, auth.json). Helpers are named, never
 * run here.
 * @returns what there is for a registry as references name it; undefined: nothing
 * @throws WharfingerError CONFIG_INVALID
 */
export function parseDockerConfig(text: string): (registry: string) => DockerLogin | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    return fail('it is not valid JSON', error);
  }
  const config = fieldsOf(parsed, 'it');
  const auths = fieldsOf(config['auths'] ?? {}, 'auths');
  const helpers = fieldsOf(config['credHelpers'] ?? {}, 'credHelpers');
  const store = config['credsStore'];
  return (registry) => {
    for (const name of namesOf(registry)) {
      const helper = helpers[name];
      if (typeof helper === 'string') return { helper };
    }
    if (typeof store === 'string' && store !== '') return { helper: store };
    for (const [key, entry] of Object.entries(auths)) {
      if (!namesOf(registry).includes(hostOf(key))) continue;
      const login = loginOf(fieldsOf(entry, `auths[${JSON.stringify(key)}]`), key);
      if (login !== undefined) return login;
    }
    return undefined;
  };
}

function fail(what: string, cause?: unknown): never {
  throw new WharfingerError('CONFIG_INVALID', {
    what: `the docker configuration: ${what}`,
    remedy: 'log in again',
    cause,
  });
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldsOf(value: unknown, where: string): Fields {
  return isFields(value) ? value : fail(`${where} is not an object`);
}

/** docker keeps the login of docker.io under an old address of its index. */
function namesOf(registry: string): readonly string[] {
  return registry === 'docker.io' ? ['docker.io', 'index.docker.io', 'registry-1.docker.io'] : [registry];
}

/** Keys are hosts, or addresses such as https://index.docker.io/v1/. */
function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, '').split('/')[0] ?? '';
}

function loginOf(entry: Fields, key: string): Credentials | undefined {
  const { auth, identitytoken, username, password } = entry;
  if (typeof identitytoken === 'string' && identitytoken !== '') return { identityToken: identitytoken };
  if (typeof username === 'string' && typeof password === 'string') return { username, password };
  if (typeof auth !== 'string' || auth === '') return undefined;
  const pair = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = pair.indexOf(':');
  if (colon < 1) return fail(`auths[${JSON.stringify(key)}].auth is not base64 of name:password`);
  return { username: pair.slice(0, colon), password: pair.slice(colon + 1) };
}
