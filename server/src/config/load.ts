import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { WharfingerError } from '@wharfinger/lib/errors';
import { applyEnvironment } from './environment.ts';
import { readSecret } from './outside-auth.ts';
import { loadFeeds, type LoadedFeeds } from './load-feeds.ts';
import { loadScanners, type LoadedScanners } from './load-scanners.ts';
import { loadTrust, type LoadedTrust } from './load-trust.ts';
import { configSchema, type Config } from './schema.ts';

/** A configuration in use: keys are read, paths are absolute. */
export type LoadedConfig = Omit<Config, keyof LoadedTrust | keyof LoadedFeeds | keyof LoadedScanners> &
  LoadedTrust &
  LoadedFeeds &
  LoadedScanners;

/**
 * Reads the YAML file (if one is named by WHARFINGER_CONFIG) and the environment, which wins.
 * @throws WharfingerError CONFIG_INVALID listing every mistake at once, in the message and as `detail.mistakes`
 */
export async function loadConfig(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<LoadedConfig> {
  const file = environment['WHARFINGER_CONFIG'];
  const text = file === undefined ? '' : await readConfigFile(file);
  const parsed = parseDocument(text, { uniqueKeys: true });
  // The first line says what and where; the rest shows the text there, which may be a password.
  const mistakes = parsed.errors.map(
    (error) => `${file}: ${error.message.split('\n')[0]!.replace(/:$/, '')}`,
  );
  const written: unknown = mistakes.length > 0 ? {} : (parsed.toJS() ?? {});
  if (typeof written !== 'object' || written === null || Array.isArray(written)) {
    throw invalid([`${file}: the top level must be a mapping`]);
  }
  const laid = applyEnvironment(written as Record<string, unknown>, configSchema, environment);
  mistakes.push(...laid.mistakes);
  const checked = configSchema.safeParse(laid.document);
  if (!checked.success) {
    for (const issue of checked.error.issues)
      mistakes.push(`${issue.path.join('.') || 'top level'}: ${issue.message}`);
    throw invalid(mistakes);
  }
  mistakes.push(...repeatedNames(checked.data));
  const base = file === undefined ? process.cwd() : dirname(resolve(file));
  const trust = await loadTrust(checked.data, base, mistakes);
  const feeds = await loadFeeds(checked.data, base, mistakes);
  const scanners = await loadScanners(checked.data, base, mistakes);
  const database = await loadDatabase(checked.data.database, base, mistakes);
  if (mistakes.length > 0) throw invalid(mistakes);
  return { ...checked.data, data: resolve(checked.data.data), database, ...trust, ...feeds, ...scanners };
}

/** The address of the database, with its password. */
async function loadDatabase(
  { url, passwordFile }: Config['database'],
  base: string,
  mistakes: string[],
): Promise<Config['database']> {
  if (url === undefined || passwordFile === undefined) return { ...(url !== undefined && { url }) };
  const whole = new URL(url);
  try {
    if (whole.password !== '') throw new Error('the password stands in url too');
    whole.password = encodeURIComponent(await readSecret({ secretFile: passwordFile }, base, false));
  } catch (error) {
    mistakes.push(`database.passwordFile: ${(error as Error).message}`);
  }
  return { url: whole.href };
}

async function readConfigFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new WharfingerError('CONFIG_INVALID', {
      what: `WHARFINGER_CONFIG names ${file}, which cannot be read`,
      cause,
    });
  }
}

function invalid(mistakes: readonly string[]): WharfingerError {
  const what = mistakes.map((line) => `\n  - ${line}`).join('');
  return new WharfingerError('CONFIG_INVALID', { what, detail: { mistakes } });
}

function repeatedNames(config: Config): string[] {
  const mistakes: string[] = [];
  for (const list of ['users', 'namespaces'] as const) {
    const seen = new Set<string>();
    for (const { name } of config[list]) {
      if (seen.has(name)) mistakes.push(`${list}: the name ${name} stands twice`);
      seen.add(name);
    }
  }
  if (config.users.some((user) => user.name === 'admin')) {
    mistakes.push(
      'users: admin is built in; give its password as adminPassword or WHARFINGER_ADMIN_PASSWORD',
    );
  }
  return mistakes;
}
