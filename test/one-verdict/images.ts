import { imageConfig, layerOf, manifestOf } from '../harness/images.ts';
import type { Pushable } from '../harness/registry-client.ts';

/** What advisories say of the packages of an image: nothing, that one can be updated, or that nobody knows. */
export type Contents = 'clean' | 'flawed' | 'uncovered';

/** An image that runs as root, with the packages that advisories are about. */
export function smallImage(mark: string, contents: Contents = 'clean'): Pushable {
  const version = contents === 'flawed' ? '1.0.0' : '2.0.0';
  const npm = {
    name: 'app/node_modules/left/package.json',
    body: JSON.stringify({ name: 'left', version, license: 'MIT' }),
  };
  const pypi = {
    name: 'usr/lib/python3/dist-packages/odd-1.0.dist-info/METADATA',
    body: 'Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n',
  };
  const layers = [layerOf(contents === 'uncovered' ? pypi : npm)];
  return manifestOf(layers, imageConfig(layers, { user: '', labels: { case: mark } }), {});
}

/** Advisories about `left` below 2.0.0, and about what no image has. */
export const osv = ['other', 'left'].map((name) => ({
  id: `TEST-${name}`,
  modified: '2026-01-01T00:00:00Z',
  published: '2026-01-01T00:00:00Z',
  summary: `${name} does what it should not`,
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
  affected: [
    {
      package: { ecosystem: 'npm', name },
      ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '2.0.0' }] }],
    },
  ],
}));
