import { describe, expect, it } from 'vitest';
import { looksLikeOsRelease, parseOsRelease } from './os-release.ts';

describe('os-release', () => {
  it('is known by its assignments, whatever comments and empty lines stand before', () => {
    expect(looksLikeOsRelease('# a\n \t\r\n\nNAME="x"\nID=y\n')).toBe(true);
    expect(looksLikeOsRelease('# a\nexport ID=y\n')).toBe(false);
    expect(looksLikeOsRelease('NAME="x"\n')).toBe(false);
  });

  it('has values in quotes or none, with spaces around', () => {
    expect(parseOsRelease(' ID=debian  \r\nVERSION_ID="12"\nID=other\nX=1\n')).toEqual({
      ID: 'other',
      VERSION_ID: '12',
    });
  });

  it('is read in time that grows with its length alone', () => {
    expect(looksLikeOsRelease(`#\n${'\n'.repeat(500)}`)).toBe(false);
    expect(looksLikeOsRelease(`#\n${' \n'.repeat(250)}`)).toBe(false);
    expect(parseOsRelease(`ID=${' '.repeat(65_000)}x`)).toHaveProperty('ID');
  });
});
