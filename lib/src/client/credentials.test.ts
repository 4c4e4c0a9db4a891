import { describe, expect, it } from 'vitest';
import { parseDockerConfig } from './credentials.ts';

const auth = (text: string) => ({ auth: Buffer.from(text).toString('base64') });

describe('a docker configuration', () => {
  const login = parseDockerConfig(
    JSON.stringify({
      auths: {
        'https://index.docker.io/v1/': auth('ann:pass:word'),
        'ghcr.io': { identitytoken: 'refresh' },
        'registry.test:5000': { username: 'bob', password: 'x' },
        'http://old.test/v2/': auth('eve:y'),
        'empty.test': {},
      },
      credHelpers: { 'aws.test': 'ecr-login' },
    }),
  );

  it.each([
    ['docker.io', { username: 'ann', password: 'pass:word' }],
    ['ghcr.io', { identityToken: 'refresh' }],
    ['registry.test:5000', { username: 'bob', password: 'x' }],
    ['old.test', { username: 'eve', password: 'y' }],
    ['aws.test', { helper: 'ecr-login' }],
    ['registry.test', undefined],
    ['empty.test', undefined],
    ['ghcr.io.evil.test', undefined],
  ])('knows %s', (registry, expected) => {
    expect(login(registry)).toEqual(expected);
  });

  it('names the store that knows all', () => {
    expect(parseDockerConfig('{"credsStore":"desktop"}')('ghcr.io')).toEqual({ helper: 'desktop' });
    expect(parseDockerConfig('{}')('ghcr.io')).toBeUndefined();
  });

  it.each(['', '[]', '{"auths":[]}'])('that is %j is refused', (text) => {
    expect(() => parseDockerConfig(text)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  it('with a login that cannot be read is refused when it is needed', () => {
    const broken = parseDockerConfig('{"auths":{"a.test":{"auth":"eA=="}}}');
    expect(() => broken('a.test')).toThrow(/auths\["a.test"\].auth is not base64 of name:password/);
    expect(broken('b.test')).toBeUndefined();
  });
});
