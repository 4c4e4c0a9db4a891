import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parsePublicKey } from '@wharfinger/lib/signing/keys';
import { parseSigstoreRoot } from '@wharfinger/lib/signing/sigstore/root';
import type { BlobTrust } from '@wharfinger/lib/signing/sigstore/verify-blob';
import type { Target } from '../target.ts';
import { readFileBundle } from './file-bundle.ts';

/** Real bundles of others, each with the trust that its case gives. */
function conformance(folder: string): Target[] {
  const cases = join(folder, 'signatures/conformance');
  const given = (name: string, part: string): string | undefined =>
    existsSync(join(cases, name, part)) ? readFileSync(join(cases, name, part), 'utf8') : undefined;
  const names = readdirSync(cases, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const bundleOf = (name: string) => readFileSync(join(cases, name, 'bundle.sigstore.json'));
  const usual =
    'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main';
  const trustOf = (name: string): BlobTrust => {
    const own = parseSigstoreRoot(
      given(name, 'trusted_root.json') ?? readFileSync(join(folder, 'signatures/public-good.json'), 'utf8'),
    );
    const key = given(name, 'key.pub');
    if (key !== undefined) return { key: parsePublicKey({ name, pem: key }), root: own };
    return {
      root: own,
      subject: { exact: given(name, 'identity')?.trim() ?? usual },
      issuer: { exact: given(name, 'issuer')?.trim() ?? 'https://token.actions.githubusercontent.com' },
    };
  };
  const material = names.map(bundleOf);
  return names
    .filter((name) => !name.endsWith('_fail'))
    .map((name) => {
      const trusted = trustOf(name);
      const own = join(cases, name, 'artifact');
      const path = existsSync(own) ? own : join(cases, 'a.txt');
      return {
        name: `conformance bundle ${name}`,
        refuses: ['SIGNATURE_INVALID'],
        share: 0.25,
        timeMayGo: 'key' in trusted,
        genuine: [bundleOf(name)],
        material,
        read: (bytes: Uint8Array) =>
          readFileBundle(
            bytes,
            trusted,
            { read: () => createReadStream(path) },
            new Date('2026-11-01T00:00:00Z'),
          ),
      };
    });
}

const data = process.env['WHARFINGER_TEST_DATA'];

/** Bundles that others made, where they are here. */
export const conformanceTargets: readonly Target[] = data === undefined ? [] : conformance(data);
