import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../harness/command.ts';
import { lacksRoot, lacksTools } from '../requirements.ts';
import { openSetting, type Setting } from './setting.ts';

describe.skipIf(lacksTools(['helm', 'debootstrap']) || lacksRoot())('helm', () => {
  let setting: Setting;
  const helm = (...args: string[]): Promise<string> => run(['helm', ...args], { env: setting.env });

  beforeAll(async () => {
    setting = await openSetting();
  });
  afterAll(() => setting[Symbol.asyncDispose]());

  it('pushes and pulls a chart, byte-identical', async () => {
    const { product, folder } = setting;
    const chart = join(folder, 'mooring');
    mkdirSync(join(chart, 'templates'), { recursive: true });
    writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: mooring\nversion: 1.2.3+build.4\n');
    writeFileSync(
      join(chart, 'templates/map.yaml'),
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: mooring\n',
    );
    await helm('package', chart, '--destination', folder);
    const made = join(folder, 'mooring-1.2.3+build.4.tgz');

    await helm('registry', 'login', '--plain-http', product.host, '-u', product.user, '-p', product.password);
    await helm('push', '--plain-http', made, `oci://${product.host}/charts`);
    const pulled = join(folder, 'pulled');
    mkdirSync(pulled);
    const source = `oci://${product.host}/charts/mooring`;
    await helm('pull', '--plain-http', source, '--version', '1.2.3+build.4', '--destination', pulled);
    expect(sha256(join(pulled, 'mooring-1.2.3+build.4.tgz'))).toBe(sha256(made));
    expect(await helm('show', 'chart', '--plain-http', source, '--version', '1.2.3+build.4')).toContain(
      'name: mooring',
    );
  });
});

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
