import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { readVerifierConfig, readWebhookConfig } from '../../server/src/admission/config.ts';

const guides = join(import.meta.dirname, '../../docs/guide');

/** The YAML of a guide, without what hides a setting in a comment. */
function yamlOf(guide: string): Array<Record<string, unknown>> {
  const text = readFileSync(join(guides, guide), 'utf8');
  return [...text.matchAll(/```yaml\n(.*?)```/gs)].map(
    ([, block]) => parse(block!.replaceAll(/^# (?=[a-z]+: )/gm, '')) as Record<string, unknown>,
  );
}

describe('the guides of admission', () => {
  const folder = mkdtempSync(join(tmpdir(), 'guide-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const registries = [{ hosts: ['*'], server: 'https://registry.example.com', keys: ['registry.pub'] }];
  const write = (config: object): string => {
    const file = join(folder, 'config.yaml');
    writeFileSync(file, stringify(config));
    return file;
  };

  it('show configurations that can be read, and every setting of the webhook', async () => {
    const blocks = yamlOf('kubernetes.md');
    const tls = { certificate: 'a', key: 'b' };
    const whole = blocks.filter((block) => 'registries' in block && !('image' in block));
    expect(whole.length).toBeGreaterThan(2);
    for (const block of whole.filter((one) => (one['registries'] as unknown[]).length > 0)) {
      await readWebhookConfig(write({ tls, ...block }));
    }
    const all = blocks.find((block) => 'podTemplates' in block)!;
    const read = await readWebhookConfig(write({ ...all, registries }));
    expect(Object.keys(all).toSorted()).toEqual(Object.keys(read).toSorted());
    const defaults = await readWebhookConfig(write({ tls, registries, platforms: ['linux/amd64'] }));
    expect(defaults).toEqual({ ...read, tls: defaults.tls, exemptNamespaces: [], podTemplates: [] });
  });

  it('show configurations that can be read, and every setting of the node verifier', async () => {
    const blocks = yamlOf('containerd.md');
    await readVerifierConfig(write(blocks[0]!));
    const all = blocks.at(-1)!;
    const read = await readVerifierConfig(write({ ...all, registries }));
    expect(Object.keys(all).toSorted()).toEqual(Object.keys(read).toSorted());
    const { cache: _, ...defaults } = read;
    expect(await readVerifierConfig(write({ registries, platforms: ['linux/amd64'] }))).toEqual(defaults);
  });
});
