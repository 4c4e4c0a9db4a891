import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { launcher } from '../../server/src/cli/wharf.fixtures.ts';
import { run } from '../harness/command.ts';
import { homeOf } from '../harness/cosign.ts';
import { imageOf, smallRoot } from '../harness/images.ts';
import { basic } from '../harness/product.ts';
import { lacksRoot, lacksTools } from '../requirements.ts';

const program = join(import.meta.dirname, 'redirecting-registry.ts');

interface Told {
  readonly code: number;
  readonly said: string;
}

test.skipIf(lacksRoot() || lacksTools(['unshare', 'ip']))(
  'SSRF/credential leak to foreign registries on redirect',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'threats-'));
    try {
      const address = '203.0.113.5';
      const image = imageOf([smallRoot('redirected')]);
      const entry = (type: string, bytes: Buffer) => ({ type, base64: bytes.toString('base64') });
      const blobs = [...image.blobs].map(
        ([digest, bytes]) =>
          [`/v2/team/app/blobs/${digest}`, entry('application/octet-stream', bytes)] as const,
      );
      const content = Object.fromEntries([
        ['/v2/team/app/manifests/1', entry(image.mediaType, image.manifest)],
        ...blobs,
      ]);
      const file = join(folder, 'content.json');
      writeFileSync(file, JSON.stringify(content));
      const login = { name: 'ann', password: 'ann-and-no-other' };
      const home = homeOf(folder, address, login);
      const inspect = [
        process.execPath,
        launcher,
        'inspect',
        '--local',
        '--plain-http',
        `${address}/team/app:1`,
      ];
      const script = `ip link set lo up && ip addr add ${address}/32 dev lo && exec "$@"`;
      const inside = [process.execPath, program, address, file, ...inspect];
      const printed = await run(['unshare', '-n', 'sh', '-c', script, 'sh', ...inside], {
        env: { HOME: home, DOCKER_CONFIG: home },
      });
      const { honest, inner, asked } = JSON.parse(printed) as {
        honest: Told;
        inner: Told;
        asked: Record<'registry' | 'storage' | 'inner', string[]>;
      };
      // storage elsewhere is asked, and not told who asks
      expect(honest).toMatchObject({ code: 0, said: expect.stringContaining('completely') });
      expect(asked.registry).toContainEqual(expect.stringContaining(basic(login.name, login.password)));
      expect(asked.storage.length).toBeGreaterThanOrEqual(blobs.length);
      expect(asked.storage.filter((line) => !line.endsWith('without a login'))).toEqual([]);
      // what only this machine can reach is not asked at all
      expect(inner.code).not.toBe(0);
      expect(inner.said).toMatch(/inner address/);
      expect(asked.inner).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
