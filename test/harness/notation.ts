import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attempt, run, type Finished } from './command.ts';
import type { Login } from './registry-client.ts';

/** How notation wraps a signature. */
export const envelopes = ['jws', 'cose'] as const;
export type NotationEnvelope = (typeof envelopes)[number];

/** A certificate with its key, as notation takes it. */
export interface NotationKey {
  readonly name: string;
  /** PKCS #8 */
  readonly keyPem: string;
  readonly chainPem: string;
}

/** One statement of trustpolicy.json, as an object. */
export type PolicyStatement = Readonly<Record<string, unknown>>;

/** notation with a configuration of its own, as one user of the registry. */
export interface Notation {
  /** where its configuration lies */
  readonly folder: string;
  sign(key: string, envelope: NotationEnvelope, reference: string, ...more: string[]): Promise<void>;
  verify(reference: string): Promise<Finished>;
  /** Has it make a key with a self-signed certificate of its own; the certificate. */
  generate(name: string): Promise<string>;
  /** Writes its trustpolicy.json anew. */
  trust(...statements: PolicyStatement[]): void;
}

/** Sets up notation: keys that it signs with, and trust stores by `type/name`. */
export function notationIn(
  folder: string,
  login: Login,
  keys: readonly NotationKey[],
  stores: Readonly<Record<string, string>>,
): Notation {
  const config = join(folder, 'notation');
  mkdirSync(join(config, 'localkeys'), { recursive: true });
  const listed = keys.map(({ name, keyPem, chainPem }) => {
    const [keyPath, certPath] = [
      join(config, 'localkeys', `${name}.key`),
      join(config, 'localkeys', `${name}.crt`),
    ];
    writeFileSync(keyPath, keyPem, { mode: 0o600 });
    writeFileSync(certPath, chainPem);
    return { name, keyPath, certPath };
  });
  writeFileSync(join(config, 'signingkeys.json'), JSON.stringify({ keys: listed }));
  for (const [name, pem] of Object.entries(stores)) {
    const store = join(config, 'truststore', 'x509', name);
    mkdirSync(store, { recursive: true });
    writeFileSync(join(store, 'root.pem'), pem);
  }
  const env = {
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    XDG_CACHE_HOME: join(folder, 'cache'),
    DOCKER_CONFIG: folder,
  };
  const access = ['--insecure-registry', '-u', login.name, '-p', login.password];
  return {
    folder: config,
    async sign(key, envelope, reference, ...more) {
      const said = ['--key', key, '--signature-format', envelope, ...more];
      await run(['notation', 'sign', ...access, ...said, reference], { env });
    },
    verify: (reference) => attempt(['notation', 'verify', ...access, reference], { env }),
    async generate(name) {
      await run(['notation', 'cert', 'generate-test', name], { env });
      return readFileSync(join(config, 'localkeys', `${name}.crt`), 'utf8');
    },
    trust(...trustPolicies) {
      writeFileSync(join(config, 'trustpolicy.json'), JSON.stringify({ version: '1.0', trustPolicies }), {
        mode: 0o600,
      });
    },
  };
}
