import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refreshSigstoreRoot } from '@wharfinger/lib/signing/sigstore/refresh-root';
import { parseSigstoreRoot } from '@wharfinger/lib/signing/sigstore/root';
import { LocalSigstore } from '@wharfinger/lib/signing/sigstore/testing/local-sigstore';
import { TufRepository } from '@wharfinger/lib/signing/sigstore/testing/tuf-repository';
import { nothing, type Claims, type Target } from '../target.ts';

const rootText = new LocalSigstore().trustedRoot();
const data = process.env['WHARFINGER_TEST_DATA'];

/** Signed by the keepers of a repository: whatever it answers otherwise, no other root comes out. */
async function readRepository(name: string, bytes: Uint8Array): Promise<Claims> {
  const folder = await mkdtemp(join(tmpdir(), 'wharfinger-fuzz-'));
  try {
    const files = new Map(tuf.files).set(name, Buffer.from(bytes));
    const url = 'https://tuf.local/repository';
    return [
      await refreshSigstoreRoot({
        url,
        firstRoot,
        folder,
        async fetch(asked) {
          const found = files.get(asked.slice(url.length + 1));
          return found === undefined
            ? new Response('', { status: 404 })
            : new Response(new Uint8Array(found));
        },
      }),
    ];
  } finally {
    await rm(folder, { recursive: true });
  }
}

const tuf = new TufRepository();
const firstRoot = tuf.rotate();
tuf.rotate();
tuf.publish(rootText);
const targetFile = [...tuf.files.keys()].find((name) => name.startsWith('targets/'))!;
const tufNames = ['timestamp.json', '1.snapshot.json', '1.targets.json', '2.root.json', targetFile];

/** Trusted roots of Sigstore, and the repositories that they are fetched from. */
export const trustedRootTargets: readonly Target[] = [
  {
    name: 'trusted_root.json',
    refuses: ['TRUSTED_ROOT_INVALID'],
    genuine: [
      rootText,
      ...(data === undefined ? [] : [readFileSync(join(data, 'signatures/public-good.json'), 'utf8')]),
    ].map((text) => Buffer.from(text)),
    read: (bytes) => nothing(parseSigstoreRoot(Buffer.from(bytes).toString())),
  },
  ...tufNames.map((name): Target => ({
    name: `TUF ${name === targetFile ? 'target' : name}`,
    refuses: ['TRUSTED_ROOT_INVALID', 'REMOTE_FAILED'],
    genuine: [tuf.files.get(name)!],
    material: tufNames.map((one) => tuf.files.get(one)!),
    read: (bytes) => readRepository(name, bytes),
  })),
];
