import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { issue } from '@wharfinger/lib/signing/notation/authority.fixtures';
import { parsePrivateKey } from '@wharfinger/lib/signing/private-keys';
import { describe, expect, it, test } from 'vitest';
import { signerFor, type FormatOptions } from './signing-format.ts';
import { inFolder } from './wharf.fixtures.ts';

const subject = {
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest: `sha256:${'a'.repeat(64)}`,
  size: 7,
} as const;
const own = issue({ subject: [['CN', 'alone']] });
const now = new Date();

describe('options of the format are refused', () => {
  test.each<[string, FormatOptions, number, RegExp]>([
    [
      'where they are of the other',
      { format: 'cosign', certificate: 'chain.pem' },
      1,
      /go with --format notation only/,
    ],
    ['without certificates', { format: 'notation' }, 1, /needs --certificate/],
    ['with several keys', { format: 'notation', certificate: 'chain.pem' }, 2, /takes one key/],
    [
      'with a file that there is not',
      { format: 'notation', certificate: '/nowhere/chain.pem' },
      1,
      /chain\.pem cannot be read/,
    ],
  ])('%s', async (_, options, keys, reason) => {
    await expect(signerFor(options, keys)).rejects.toThrow(reason);
  });

  test.each(['0', '-1', 'soon', ''])('with an expiry of %j hours', async (expiry) => {
    await inFolder(async (folder) => {
      const certificate = join(folder, 'chain.pem');
      writeFileSync(certificate, own.chainPem);
      await expect(signerFor({ format: 'notation', certificate, expiry }, 1)).rejects.toThrow(
        /number of hours/,
      );
    });
  });
});

it('makes the signature of the format that is asked for', async () => {
  await inFolder(async (folder) => {
    const certificate = join(folder, 'chain.pem');
    writeFileSync(certificate, own.chainPem);
    const key = parsePrivateKey(own.keyPem, undefined);
    const layers = async (options: FormatOptions): Promise<string[]> => {
      const { manifest } = (await signerFor(options, 1))(subject, key, now);
      const { layers: found } = JSON.parse(manifest.bytes.toString()) as {
        layers: Array<{ mediaType: string }>;
      };
      return found.map(({ mediaType }) => mediaType);
    };
    expect(await layers({ format: 'cosign' })).toEqual(['application/vnd.dev.sigstore.bundle.v0.3+json']);
    expect(await layers({ format: 'notation', certificate })).toEqual(['application/jose+json']);
    expect(await layers({ format: 'notation', certificate, envelope: 'cose', expiry: '1.5' })).toEqual([
      'application/cose',
    ]);
  });
});
