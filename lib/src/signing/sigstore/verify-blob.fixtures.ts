import type { TextMatch } from '../evidence.ts';
import { refusalReason } from '../refusal.ts';
import { parseSigstoreRoot } from './root.ts';
import { LocalSigstore, signFile, type BundleJson } from './testing/local-sigstore.ts';
import { verifyBlob, type VerifiedBlob } from './verify-blob.ts';

export const sigstore = new LocalSigstore(new Date('2026-11-22T03:00:00Z'));
export const other = new LocalSigstore(sigstore.now);
const root = sigstore.trustedRoot();
export const file = Buffer.from('a file');
export const person = { subject: 'https://ci.example/acme/app', issuer: 'https://token.example' };
export const later = (minutes: number) => new Date(sigstore.now.getTime() + minutes * 60_000);

export interface Given {
  readonly root?: string;
  readonly subject?: TextMatch;
  readonly issuer?: TextMatch;
  readonly file?: Buffer;
  readonly now?: Date;
}

export function verify(bundle: BundleJson | string, given: Given = {}): Promise<VerifiedBlob> {
  const text = typeof bundle === 'string' ? bundle : JSON.stringify(bundle);
  return verifyBlob(
    Buffer.from(text),
    {
      async *read() {
        yield given.file ?? file;
      },
    },
    {
      root: parseSigstoreRoot(given.root ?? root),
      subject: given.subject ?? { exact: person.subject },
      issuer: given.issuer ?? { exact: person.issuer },
    },
    given.now ?? sigstore.now,
  );
}

export async function reasonFor(bundle: BundleJson | string, given: Given = {}): Promise<string> {
  return verify(bundle, given).then(
    () => 'it was accepted',
    (error: unknown) => {
      const reason = refusalReason(error);
      if (reason === undefined) throw error;
      return reason;
    },
  );
}

/** A good bundle, changed. */
export function changed(
  change: (bundle: BundleJson) => void,
  base = signFile(sigstore, file, person),
): BundleJson {
  const bundle = structuredClone(base);
  change(bundle);
  return bundle;
}

/** A good bundle whose log entry is changed. */
export function entryChanged(change: (entry: Entry) => void, base?: BundleJson): BundleJson {
  return changed((bundle) => change(bundle.verificationMaterial.tlogEntries[0] as unknown as Entry), base);
}

export interface Entry {
  logIndex: string;
  logId: { keyId: string };
  integratedTime?: string;
  kindVersion: { kind: string; version: string };
  inclusionPromise?: { signedEntryTimestamp: string };
  inclusionProof?: {
    logIndex: string;
    rootHash: string;
    treeSize: string;
    hashes: string[];
    checkpoint?: { envelope: string };
  };
  canonicalizedBody: string;
}
