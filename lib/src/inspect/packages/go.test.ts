import { describe, expect, it } from 'vitest';
import { parseModuleInfo, standardVersion } from './go.ts';

describe('what a Go binary was built from', () => {
  it.each([
    ['go1.20.7', '1.20.7'],
    ['go1.22', '1.22'],
    ['go1.21rc2', '1.21.0-rc.2'],
    ['go1.22.1 X:boringcrypto', '1.22.1'],
    ['go1.26.8-X:jsonv2,boringcrypto', '1.26.8'],
    ['go1.22.3-corp', '1.22.3'],
    ['go1.19.8 (Red Hat 1.19.8-1.el9)', '1.19.8'],
    ['devel go1.23-abcdef Mon Jan 1 00:00:00 2024 +0000', 'devel'],
  ])('%s is standard library %s', (go, version) => {
    expect(standardVersion(go)).toBe(version);
  });

  it('names modules as they were built in: replaced ones, pseudo-versions, the main one where it has a version', () => {
    const text = [
      'path\texample.com/cmd',
      'mod\texample.com\tv0.0.0-20240101000000-abcdefabcdef+dirty\t',
      'dep\ta.b/c\tv1.0.0\th1:x=',
      '=>\td.e/f\tv0.0.0-20230101000000-123456789abc\th1:y=',
      'dep\ta.b/g\tv2.0.0+incompatible\th1:z=',
      'build\tvcs.revision=abc',
      '',
    ].join('\n');
    expect(parseModuleInfo(text)).toEqual([
      { path: 'example.com', version: 'v0.0.0-20240101000000-abcdefabcdef+dirty' },
      { path: 'd.e/f', version: 'v0.0.0-20230101000000-123456789abc' },
      { path: 'a.b/g', version: 'v2.0.0+incompatible' },
    ]);
    expect(parseModuleInfo('mod\texample.com\t(devel)\t\n')).toEqual([]);
  });
});
