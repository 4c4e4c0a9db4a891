import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.ts';
import type { Login } from './registry-client.ts';

export const keyKinds = ['p256', 'p384', 'p521', 'ed25519', 'rsa'] as const;
export type KeyKind = (typeof keyKinds)[number];
export const cosigns = ['cosign2', 'cosign3'] as const;
export type Cosign = (typeof cosigns)[number];

const secret = { COSIGN_PASSWORD: 'a password of keys' };

/** What keeps cosign off the network. */
const offline: Readonly<Record<Cosign, readonly string[]>> = {
  cosign2: ['--tlog-upload=false', '--allow-insecure-registry', '-y'],
  cosign3: ['--use-signing-config=false', '--tlog-upload=false', '--allow-insecure-registry', '-y'],
};

/** A key that cosign signs with. */
export interface SigningKey {
  readonly file: string;
  /** SubjectPublicKeyInfo */
  readonly pem: string;
}

/** Makes a key pair and has cosign take it in. */
export async function makeKey(folder: string, kind: KeyKind, name: string = kind): Promise<SigningKey> {
  const prefix = join(folder, name);
  writeFileSync(`${prefix}.pem`, privatePem(kind));
  const taken = ['--key', `${prefix}.pem`, '--output-key-prefix', prefix];
  await run(['cosign3', 'import-key-pair', '-y', ...taken], { env: secret });
  return { file: `${prefix}.key`, pem: readFileSync(`${prefix}.pub`, 'utf8') };
}

function privatePem(kind: KeyKind): string {
  const pair =
    kind === 'ed25519'
      ? generateKeyPairSync('ed25519')
      : kind === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 3072 })
        : generateKeyPairSync('ec', { namedCurve: kind.replace('p', 'P-') });
  return pair.privateKey.export({ format: 'pem', type: 'pkcs8' });
}

/** A home folder in which a client finds the login of this user and nothing else. */
export function homeOf(folder: string, host: string, { name, password }: Login): string {
  const home = join(folder, `home-${name}`);
  mkdirSync(home, { recursive: true });
  const auth = Buffer.from(`${name}:${password}`).toString('base64');
  writeFileSync(join(home, 'config.json'), JSON.stringify({ auths: { [host]: { auth } } }));
  return home;
}

/** Signs and attests as one user, with one key. */
export interface Signer {
  sign(tool: Cosign, reference: string, ...more: string[]): Promise<void>;
  attest(tool: Cosign, reference: string, type: string, document?: object): Promise<void>;
}

export function signer(folder: string, home: string, key: SigningKey): Signer {
  const env = { ...secret, HOME: home, DOCKER_CONFIG: home };
  return {
    async sign(tool, reference, ...more) {
      await run([tool, 'sign', ...offline[tool], ...more, '--key', key.file, reference], { env });
    },
    async attest(tool, reference, type, document = { scan: 'failed' }) {
      const predicate = join(folder, 'predicate.json');
      writeFileSync(predicate, JSON.stringify(document));
      const said = ['--type', type, '--predicate', predicate, '--key', key.file];
      await run([tool, 'attest', ...offline[tool], ...said, reference], { env });
    },
  };
}
