import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { GrantRule, Judgement, TrustRule } from '@wharfinger/lib/assess/judgement-document';
import { readCustody } from '@wharfinger/lib/assess/read-layout';
import { isWharfingerError } from '@wharfinger/lib/errors';
import { createPlainCheck, formatPath } from '@wharfinger/lib/routines/plain-check';
import type { SignatureFormat, TrustedKey, TrustedSigner } from '@wharfinger/lib/signing/evidence';
import { parsePublicKey } from '@wharfinger/lib/signing/keys';
import { parseDocument } from 'yaml';
import type { Config } from './schema.ts';

type KeyConfig = NonNullable<Config['trust'][number]['keys']>[number];

/** What the configuration says of trust, with the files read that it names. */
export interface LoadedTrust {
  readonly trust: readonly TrustRule[];
  readonly sigstoreRoots: Readonly<Record<string, string>>;
  readonly trustStores: Readonly<Record<string, string>>;
  readonly certificateRevocations: readonly string[];
  readonly custody: Judgement['custody'];
  readonly grantRules: readonly GrantRule[];
}

/** Larger files are none of keys and certificates. */
const longestFile = 4 * 1024 * 1024;

/**
 * Reads it.
 * @param base folder that relative paths start from
 * @param mistakes takes a sentence for everything that is wrong
 */
export async function loadTrust(config: Config, base: string, mistakes: string[]): Promise<LoadedTrust> {
  const reader = createReader(base, mistakes);
  const trust: TrustRule[] = [];
  for (const [at, entry] of config.trust.entries()) {
    const signers: TrustedSigner[] = await reader.keys(entry.keys ?? [], `trust.${at}.keys`);
    for (const { issuer, subject, root, ...said } of entry.identities ?? [])
      signers.push({ ...said, keyless: { issuer, subject, root } });
    for (const entryOf of entry.certificates ?? []) {
      const { trustStores, trustedIdentities, level, override, verifyTimestamp, ...said } = entryOf;
      signers.push({
        ...said,
        notation: { trustStores, trustedIdentities, level, override, verifyTimestamp },
      });
    }
    if (entry.trustPolicy !== undefined) {
      const { file, scope } = entry.trustPolicy;
      const where = `trust.${at}.trustPolicy (${file})`;
      const written = await reader.text({ file }, where);
      if (written !== undefined) signers.push(...(await signersOfPolicy(written, scope, where, mistakes)));
    }
    trust.push({ pattern: entry.repositories, signers, formats: entry.formats ?? usualFormats(signers) });
  }
  mistakes.push(...ambiguous(trust));
  const sigstoreRoots = await reader.texts(config.sigstoreRoots, 'sigstoreRoots');
  const trustStores = await reader.texts(config.trustStores, 'trustStores');
  for (const { signers } of trust)
    mistakes.push(...(await dangling(signers, { sigstoreRoots, trustStores })));
  const certificateRevocations: string[] = [];
  for (const [at, entry] of config.certificateRevocations.entries()) {
    const text = await reader.text(entry, `certificateRevocations.${at}`);
    if (text === undefined) continue;
    certificateRevocations.push(text);
    const wrong = await mistakesInCrl(text);
    mistakes.push(...wrong.map((what) => `certificateRevocations.${at}: ${what}`));
  }
  const custody: Array<Judgement['custody'][number]> = [];
  for (const [at, { repositories, file }] of config.custody.entries()) {
    const written = await reader.text({ file }, `custody.${at}`);
    if (written === undefined) continue;
    const read = readLayoutText(repositories, written);
    if ('mistakes' in read) mistakes.push(...read.mistakes.map((what) => `custody.${at} (${file}): ${what}`));
    else custody.push(read);
  }
  const grantRules: GrantRule[] = [];
  for (const [at, rule] of config.grantRules.entries()) {
    const approvers = await reader.keys(rule.approvers, `grantRules.${at}.approvers`);
    grantRules.push({ ...rule, approvers });
  }
  return { trust, sigstoreRoots, trustStores, certificateRevocations, custody, grantRules };
}

/** The formats that count where nobody says: all in which such signers sign. */
export function usualFormats(signers: readonly TrustedSigner[]): SignatureFormat[] {
  const cosign = signers.some((signer) => !('notation' in signer));
  const notation = signers.some((signer) => 'notation' in signer);
  return [
    ...(cosign ? (['cosign-v2', 'cosign-v3'] as const) : []),
    ...(notation ? (['notation'] as const) : []),
  ];
}

/** One name is one signer, wherever it stands. */
function ambiguous(trust: readonly TrustRule[]): string[] {
  const seen = new Map<string, string>();
  const found = new Set<string>();
  for (const signer of trust.flatMap(({ signers }) => signers)) {
    const text = JSON.stringify(signer);
    if (seen.has(signer.name) && seen.get(signer.name) !== text)
      found.add(`trust: two different signers have the name ${signer.name}`);
    seen.set(signer.name, text);
  }
  return [...found];
}

/** Roots and trust stores that signers name and that there are none of, or that cannot be used. */
export async function dangling(
  signers: readonly TrustedSigner[],
  given: Pick<LoadedTrust, 'sigstoreRoots' | 'trustStores'>,
): Promise<string[]> {
  const mistakes: string[] = [];
  for (const signer of signers) mistakes.push(...(await danglingIn(signer, given)));
  return mistakes;
}

/** What reads certificates is loaded where there are any: it is large, and most configurations name keys alone. */
async function danglingIn(
  signer: TrustedSigner,
  { sigstoreRoots, trustStores }: Pick<LoadedTrust, 'sigstoreRoots' | 'trustStores'>,
): Promise<string[]> {
  if ('keyless' in signer && !Object.hasOwn(sigstoreRoots, signer.keyless.root))
    return [`${signer.name}: there is no Sigstore root ${signer.keyless.root}`];
  if ('keyless' in signer) {
    const { checkTrustedIdentity } = await import('@wharfinger/lib/signing/sigstore/image-verifier');
    const mistakes = mistakesIn(() => checkTrustedIdentity(signer, sigstoreRoots));
    return mistakes.map((what) => `${signer.name}: ${what}`);
  }
  if (!('notation' in signer)) return [];
  const { readNotationTrust } = await import('@wharfinger/lib/signing/notation/notation-trust');
  return mistakesIn(() => readNotationTrust(signer, { trustStores, certificateRevocations: [] }));
}

/** The signer whom a trust policy of the Notary Project names for one repository. */
async function signersOfPolicy(
  text: string,
  scope: string,
  where: string,
  mistakes: string[],
): Promise<TrustedSigner[]> {
  const { parseTrustPolicy, signersOf } = await import('@wharfinger/lib/signing/notation/trust-policy');
  const found: TrustedSigner[] = [];
  const wrong = mistakesIn(() => found.push(...signersOf(parseTrustPolicy(Buffer.from(text)), scope)));
  mistakes.push(...wrong.map((what) => `${where}: ${what}`));
  if (wrong.length === 0 && found.length === 0)
    mistakes.push(`${where}: it has no statement for ${scope}, or one that skips verification`);
  return found;
}

/** What is wrong with a revocation list of certificates. */
export async function mistakesInCrl(text: string): Promise<string[]> {
  const { parseRevocationLists } = await import('@wharfinger/lib/signing/notation/revocation-list');
  return mistakesIn(() => parseRevocationLists([text]));
}

function mistakesIn(read: () => unknown): string[] {
  try {
    read();
    return [];
  } catch (error) {
    if (isWharfingerError(error)) return [error.message];
    throw error;
  }
}

/** A custody layout as YAML or JSON. */
function readLayoutText(
  pattern: string,
  text: string,
): Judgement['custody'][number] | { readonly mistakes: readonly string[] } {
  const document = parseDocument(text, { uniqueKeys: true });
  if (document.errors.length > 0) return { mistakes: [document.errors[0]!.message.split('\n')[0]!] };
  const check = createPlainCheck();
  const read = readCustody({ pattern, layout: document.toJS({ maxAliasCount: 100 }) as unknown }, [], check);
  if (check.mistakes.length === 0) return read;
  return { mistakes: check.mistakes.map(({ path, what }) => `${formatPath(path)} ${what}`) };
}

/** Reads texts and keys that stand in the configuration or in files beside it. */
export function createReader(base: string, mistakes: string[]) {
  async function text(
    { pem, file }: { readonly pem?: string | undefined; readonly file?: string | undefined },
    where: string,
  ): Promise<string | undefined> {
    try {
      if ((pem === undefined) === (file === undefined)) throw new Error('give either pem or file');
      const found = pem ?? (await readFile(resolve(base, file!), 'utf8'));
      if (found.length > longestFile) throw new Error(`it is larger than ${longestFile} bytes`);
      return found;
    } catch (error) {
      mistakes.push(`${where}: ${(error as Error).message}`);
      return undefined;
    }
  }
  return {
    text,
    async texts(
      list: ReadonlyArray<{
        readonly name: string;
        readonly pem?: string | undefined;
        readonly file?: string | undefined;
      }>,
      where: string,
    ): Promise<Record<string, string>> {
      const found: Record<string, string> = {};
      for (const [at, entry] of list.entries()) {
        const read = await text(entry, `${where}.${at} (${entry.name})`);
        if (Object.hasOwn(found, entry.name)) mistakes.push(`${where}: the name ${entry.name} stands twice`);
        if (read !== undefined) found[entry.name] = read;
      }
      return found;
    },
    async keys(list: readonly KeyConfig[], where: string): Promise<TrustedSigner[]> {
      const keys: TrustedSigner[] = [];
      for (const [at, { pem: written, file, ...said }] of list.entries()) {
        const place = `${where}.${at} (${said.name})`;
        const pem = await text({ pem: written, file }, place);
        if (pem === undefined) continue;
        const mistake = mistakeInKey({ ...said, pem });
        if (mistake === undefined) keys.push({ ...said, pem });
        else mistakes.push(`${place}: ${mistake}`);
      }
      return keys;
    },
  };
}

/** What is wrong with a key that is to be trusted; undefined if nothing is. */
export function mistakeInKey(key: TrustedKey): string | undefined {
  try {
    const { algorithm } = parsePublicKey(key);
    if (key.algorithm !== undefined && key.algorithm !== algorithm)
      return `it is to be a key of ${key.algorithm}, and is one of ${algorithm}`;
    return undefined;
  } catch (error) {
    if (isWharfingerError(error)) return error.message;
    throw error;
  }
}
