import { readFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Descriptor } from '@wharfinger/lib/oci/descriptor';
import { signImageNotation } from '@wharfinger/lib/signing/notation/sign-image-notation';
import type { SigningKey } from '@wharfinger/lib/signing/private-keys';
import { signImage, type SignedImage } from '@wharfinger/lib/signing/sign-image';

/** How a signature is written. */
export interface FormatOptions {
  readonly format: 'cosign' | 'notation';
  readonly certificate?: string;
  readonly envelope?: 'jws' | 'cose';
  readonly expiry?: string;
}

type Subject = Pick<Descriptor, 'mediaType' | 'digest' | 'size'>;

/** Makes the signature of one image with one key. */
export type SignOne = (subject: Subject, key: SigningKey, now: Date) => SignedImage;

const envelopes = { jws: 'application/jose+json', cose: 'application/cose' } as const;

const hours = 3_600_000;

/** Larger than any chain of certificates. */
const longest = 1024 * 1024;

/** Adds the options that say in which format it is signed. */
export function addFormatOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--format <format>', 'cosign: a key alone; notation: a key and its certificates')
        .choices(['cosign', 'notation'])
        .default('cosign'),
    )
    .option(
      '--certificate <file>',
      'with --format notation: PEM, the certificate of the key first, its root last',
    )
    .addOption(
      new Option('--envelope <envelope>', 'with --format notation: how the signature is wrapped').choices([
        'jws',
        'cose',
      ]),
    )
    .option(
      '--expiry <hours>',
      'with --format notation: for how many hours the signature counts; else for ever',
    );
}

/**
 * How images are signed by these options.
 * @param keys how many sign
 * @throws WharfingerError USAGE: options that do not go together; CERTIFICATE_INVALID: the file cannot be read
 */
export async function signerFor(options: FormatOptions, keys: number): Promise<SignOne> {
  const { format, certificate, envelope, expiry } = options;
  if (format === 'cosign') {
    if (certificate !== undefined || envelope !== undefined || expiry !== undefined)
      throw usage('--certificate, --envelope and --expiry go with --format notation only');
    return signImage;
  }
  if (certificate === undefined) throw usage('--format notation needs --certificate');
  if (keys !== 1) throw usage('--format notation takes one key: certificates belong to one');
  const chain = await readChain(certificate);
  const lifetime = expiry === undefined ? undefined : Number(expiry) * hours;
  if (lifetime !== undefined && !(lifetime > 0 && lifetime <= 1_000_000 * hours))
    throw usage('--expiry is a number of hours, more than 0');
  return (subject, key, now) =>
    signImageNotation(
      subject,
      { key, chain },
      {
        signedAt: now,
        envelope: envelopes[envelope ?? 'jws'],
        ...(lifetime === undefined ? {} : { expiry: new Date(now.getTime() + lifetime) }),
      },
    );
}

async function readChain(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new WharfingerError('CERTIFICATE_INVALID', {
      what: `${file} cannot be read: ${(error as Error).message}`,
      remedy: 'give the path of a file of PEM certificates',
      cause: error,
    });
  }
  if (text.length > longest)
    throw new WharfingerError('CERTIFICATE_INVALID', { what: `${file} is larger than ${longest} bytes` });
  return text;
}

function usage(what: string): WharfingerError {
  return new WharfingerError('USAGE', { what, remedy: 'see wharf sign --help' });
}
