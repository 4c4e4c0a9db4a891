import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { authorizationOf, readSecret, readShort } from './outside-auth.ts';
import type { ScannerConfig } from './scanner-schema.ts';
import type { Config } from './schema.ts';

/** A scanner that can be asked. */
export interface Scanner extends Omit<ScannerConfig, 'auth' | 'ca' | 'registry' | 'url'> {
  /** without a slash at its end */
  readonly url: string;
  /** headers by which the registry says who it is to the scanner */
  readonly headers: Readonly<Record<string, string>>;
  /** PEM */
  readonly ca?: string;
  /** without a slash at its end */
  readonly registry: string;
}

export interface LoadedScanners {
  readonly scanners: { readonly concurrency: number; readonly run: readonly Scanner[] };
}

/**
 * Reads what the configuration says of scanners.
 * @param base folder that relative paths start from
 * @param mistakes takes a sentence for everything that is wrong
 */
export async function loadScanners(
  { scanners, publicUrl }: Config,
  base: string,
  mistakes: string[],
): Promise<LoadedScanners> {
  const run: Scanner[] = [];
  for (const [at, { auth, ca: caFile, registry = publicUrl, ...rest }] of scanners.run.entries()) {
    const where = `scanners.run.${at} (${rest.name})`;
    const fault = (path: string, error: unknown): void => {
      mistakes.push(`${where}${path}: ${(error as Error).message}`);
    };
    if (run.some(({ name }) => name === rest.name)) mistakes.push(`${where}: the name stands twice`);
    if (registry === undefined)
      mistakes.push(
        `${where}: give registry, the address that it is to fetch images from, or publicUrl for all`,
      );
    const secret = await secretOf(auth, base).catch((error: unknown) => fault('.auth', error));
    const ca = await certificates(caFile, base).catch((error: unknown) => fault('.ca', error));
    run.push({
      ...rest,
      url: withoutSlash(rest.url),
      registry: withoutSlash(registry ?? ''),
      headers: headersOf(auth, secret ?? ''),
      ...(ca !== undefined && { ca }),
    });
  }
  return { scanners: { concurrency: scanners.concurrency, run } };
}

function headersOf(auth: ScannerConfig['auth'], secret: string): Scanner['headers'] {
  switch (auth.type) {
    case 'none':
      return {};
    case 'basic':
    case 'bearer':
      return { authorization: authorizationOf(auth, secret) };
    case 'api-key':
      return { 'x-scanneradapter-api-key': secret };
    default:
      return auth satisfies never;
  }
}

async function secretOf(auth: ScannerConfig['auth'], base: string): Promise<string | undefined> {
  if (auth.type === 'none') return undefined;
  // it becomes a header, but for a password: what is not fit for one would fail at each request
  return readSecret(auth, base, auth.type !== 'basic');
}

async function certificates(file: string | undefined, base: string): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const pem = await readShort(resolve(base, file));
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw new Error('there is no PEM certificate in it');
  createSecureContext({ ca: pem });
  return pem;
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
