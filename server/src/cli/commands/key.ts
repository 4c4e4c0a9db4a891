import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { WharfingerError } from '@wharfinger/lib/errors';
import { generateKeyFiles, keyAlgorithms } from '@wharfinger/lib/signing/generate-key';
import { keyHint, parsePublicKey, type KeyAlgorithm, type PublicKey } from '@wharfinger/lib/signing/keys';
import { displayable } from '../display.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { newPassword, readKeyFile, readSigningKey } from '../key-file.ts';
import { addKeyLife } from './key-revoke.ts';
import type { Run, Session } from '../session.ts';

interface GenerateOptions {
  readonly outputKeyPrefix: string;
  readonly type: KeyAlgorithm;
}

export function addKey(program: Command, run: Run): void {
  const command = program
    .command('key')
    .summary('make keys to sign with, look at them, revoke them')
    .description('Keys to sign with: made and looked at on this machine, revoked and ended in a registry.');
  command
    .command('generate')
    .summary('make a key pair')
    .description(
      'Makes a key pair: PREFIX.key, encrypted as cosign encrypts its keys, and PREFIX.pub. cosign signs with it too. The ' +
        'password is asked for, or taken from WHARF_KEY_PASSWORD or COSIGN_PASSWORD. Files that exist are left alone.',
    )
    .option('--output-key-prefix <prefix>', 'path and name of both files, without their endings', 'wharf')
    .addOption(new Option('--type <kind>', 'kind of key').choices(keyAlgorithms).default('ecdsa-p256'))
    .addHelpText('after', '\nExample:\n  wharf key generate --output-key-prefix release')
    .action(run(generate));
  command
    .command('show')
    .summary('show kind, id and public key of a key file')
    .description(
      'Shows of a public or private key file what others may know: the kind of key, its id (SHA-256 of the ' +
        'SubjectPublicKeyInfo), the hint that Sigstore bundles name it by, and the public key.',
    )
    .argument('<file>', 'key file in PEM')
    .addHelpText('after', '\nExample:\n  wharf key show release.pub')
    .action(run(show));
  addKeyLife(command, run);
}

async function generate(session: Session, { outputKeyPrefix, type }: GenerateOptions): Promise<ExitCode> {
  const [privateFile, publicFile] = [`${outputKeyPrefix}.key`, `${outputKeyPrefix}.pub`];
  for (const file of [privateFile, publicFile])
    if (existsSync(file)) throw unwritable(file, 'exists already');
  const { privatePem, publicPem } = generateKeyFiles(type, await newPassword(session));
  await writeNew(privateFile, privatePem, 0o600);
  await writeNew(publicFile, publicPem, 0o644);
  const key = parsePublicKey({ name: publicFile, pem: publicPem });
  session.result({ privateKey: privateFile, publicKey: publicFile, ...described(key) }, () =>
    [displayable(`Wrote ${privateFile} (encrypted) and ${publicFile}.`), ...lines(key)].join('\n'),
  );
  return exitCodes.done;
}

async function show(session: Session, _: object, file: string): Promise<ExitCode> {
  const text = await readKeyFile(file);
  const isPublic = text.includes('BEGIN PUBLIC KEY');
  const pem = isPublic ? text : (await readSigningKey(file, session)).publicPem;
  const key = parsePublicKey({ name: file, pem });
  session.result({ ...described(key), pem: pem.trim() }, () => [...lines(key), pem.trim()].join('\n'));
  return exitCodes.done;
}

function described(key: PublicKey): { algorithm: string; keyId: string; hint: string } {
  return { algorithm: key.algorithm, keyId: key.id, hint: keyHint(key) };
}

function lines(key: PublicKey): string[] {
  return [`kind  ${key.algorithm}`, `id    ${key.id}`, `hint  ${keyHint(key)}`];
}

async function writeNew(file: string, text: string, mode: number): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx', mode });
  } catch (error) {
    throw unwritable(file, `cannot be written: ${(error as Error).message}`);
  }
}

function unwritable(file: string, why: string): WharfingerError {
  return new WharfingerError('USAGE', { what: `${file} ${why}`, remedy: 'give another --output-key-prefix' });
}
