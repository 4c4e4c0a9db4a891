import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readVerifierConfig, readWebhookConfig } from './config.ts';

const asked = { hosts: ['r.example'], server: 'https://r.example' };
const judged = { hosts: ['*'], judgement: 'j.json', keys: ['k.pub'] };
const tls = { certificate: 'tls.crt', key: '/keys/tls.key' };

describe('the configuration of admission', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'config-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function write(document: object | string): Promise<string> {
    const file = join(folder, 'admission.yaml');
    await writeFile(file, typeof document === 'string' ? document : stringify(document));
    return file;
  }

  it('has defaults, and paths that are relative to the file', async () => {
    const credentials = { username: 'u', passwordFile: 'secret' };
    const config = await readWebhookConfig(
      await write({ tls, registries: [{ ...asked, credentials }, judged] }),
    );
    expect(config).toMatchObject({
      listen: '0.0.0.0:8443',
      tls: { certificate: join(folder, 'tls.crt'), key: '/keys/tls.key' },
      budget: 2000,
      keep: 30_000,
      exemptNamespaces: [],
      registries: [
        { credentials: { passwordFile: join(folder, 'secret') } },
        { judgement: join(folder, 'j.json'), keys: [join(folder, 'k.pub')], plainHttp: false },
      ],
    });
    const verifier = await readVerifierConfig(
      await write({ registries: [judged], cache: 'cache', keep: '1h' }),
    );
    expect(verifier).toMatchObject({ budget: 9000, cache: join(folder, 'cache'), keep: 3_600_000 });
  });

  it.each([
    ['no registry', { tls, registries: [] }, 'registries'],
    [
      'neither server nor judgement',
      { tls, registries: [{ hosts: ['a'] }] },
      'give either server or judgement',
    ],
    ['both', { tls, registries: [{ ...asked, ...judged }] }, 'give either server or judgement'],
    [
      'a judgement without a key',
      { tls, registries: [{ hosts: ['a'], judgement: 'j' }] },
      'the keys that it is signed with',
    ],
    [
      'an identity without a key',
      { tls, registries: [{ ...asked, identity: 'reg.acme' }] },
      'the keys that speak for it',
    ],
    ['a host twice', { tls, registries: [asked, asked] }, 'the host r.example stands twice'],
    ['a host in upper case', { tls, registries: [{ ...asked, hosts: ['R.example'] }] }, 'in lower case'],
    [
      'part of a host as a pattern',
      { tls, registries: [{ ...asked, hosts: ['*.example'] }] },
      'in lower case',
    ],
    [
      'a server that is no address',
      { tls, registries: [{ ...asked, server: 'r.example' }] },
      'registries.0.server',
    ],
    ['an unknown field', { tls, registries: [asked], failOpen: true }, 'failOpen'],
    ['a time without unit', { tls, registries: [asked], budget: '2' }, 'budget'],
    [
      'a pattern of namespaces',
      { tls, registries: [asked], exemptNamespaces: ['kube-*'] },
      'exemptNamespaces.0',
    ],
    ['no certificate', { registries: [asked] }, 'tls'],
    ['a field twice', 'tls: {}\ntls: {}\n', 'unique'],
  ])('is refused with %s', async (_, document, reason) => {
    await expect(readWebhookConfig(await write(document))).rejects.toThrow(reason);
  });

  it('of a node names the keys by which a server is believed', async () => {
    await expect(readVerifierConfig(await write({ registries: [judged, asked] }))).rejects.toThrow(
      'the keys that its answers are signed with',
    );
    const { registries } = await readVerifierConfig(
      await write({ registries: [{ ...asked, keys: ['k.pub'] }] }),
    );
    expect(registries[0]!.keys).toEqual([join(folder, 'k.pub')]);
  });
});
