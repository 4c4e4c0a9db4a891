import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { settingsByVariable } from '../../server/src/config/environment.ts';
import { loadConfig, type LoadedConfig } from '../../server/src/config/load.ts';
import { configSchema } from '../../server/src/config/schema.ts';

const guide = readFileSync(join(import.meta.dirname, '../../docs/guide/configuration.md'), 'utf8');
const example = /## All settings.*?```yaml\n(.*?)```/s.exec(guide)![1]!;
let folder: string;
let loaded: LoadedConfig;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wharf-'));
  const key = join(folder, 'keys/release.pub');
  mkdirSync(dirname(key));
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(key, publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(join(folder, 'example.yaml'), example);
  loaded = await loadConfig({ WHARFINGER_CONFIG: join(folder, 'example.yaml') });
});

afterAll(() => rmSync(folder, { recursive: true }));

it('the example of the guide is a configuration, with its key', () => {
  expect(loaded.trust[0]!.signers[0]).toMatchObject({
    name: 'release-team',
    pem: expect.stringContaining('PUBLIC KEY'),
  });
});

it('shows the defaults', async () => {
  const defaults = await loadConfig({});
  const lists = { users: [], namespaces: [], trust: [] };
  expect({ ...loaded, ...lists }).toEqual({ ...defaults, ...lists });
});

it('names every setting that there is', () => {
  const uncommented = parse(example.replaceAll(/^( *)# (\w+: \S+)$/gm, '$1$2')) as unknown;
  const has = (value: unknown, [key, ...rest]: readonly string[]): boolean =>
    key === undefined ||
    (typeof value === 'object' &&
      value !== null &&
      key in value &&
      has((value as Record<string, unknown>)[key], rest));
  const settings = [...settingsByVariable(configSchema).values()].map(({ path }) => path);
  expect(settings.length).toBeGreaterThan(10);
  expect(settings.filter((path) => !has(uncommented, path))).toEqual([]);
});
