import type { IncomingMessage } from 'node:http';
import { hash } from '@node-rs/argon2';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { beforeAll, describe, expect, test } from 'vitest';
import { nameField } from '../config/signer-schema.ts';
import { identify, tokenUser, type IdentifyParts } from './identify.ts';
import { createPasswordVerifier } from './passwords.ts';
import { answerTokenRequest } from './token-endpoint.ts';
import { createTokenStore } from './tokens.ts';

let clock = new Date('2026-11-22T00:00:00Z');
let parts: IdentifyParts;

beforeAll(async () => {
  const stored: Record<string, string> = { ann: 'ann-password', bob: await hash('bob-password') };
  parts = {
    users: (name) => stored[name],
    passwords: createPasswordVerifier(),
    tokens: createTokenStore(() => clock),
  };
});

function asking(authorization?: string): IncomingMessage {
  return {
    headers: { ...(authorization && { authorization }) },
    socket: { remoteAddress: '127.0.0.1' },
  } as IncomingMessage;
}
const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
const refusal = async (authorization: string) => {
  try {
    return (await identify(asking(authorization), parts)).principal;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('who calls', () => {
  test('is anonymous without credentials', () => {
    expect(identify(asking(), parts)).toMatchObject({ principal: null, address: '127.0.0.1' });
  });

  test('is who the password proves, plain or hashed', async () => {
    expect(await identify(asking(basic('ann:ann-password')), parts)).toMatchObject({ principal: 'ann' });
    expect(await identify(asking(basic('bob:bob-password')), parts)).toMatchObject({ principal: 'bob' });
  });

  test('is known at once when the password was verified lately', async () => {
    await identify(asking(basic('bob:bob-password')), parts);
    expect(identify(asking(basic('bob:bob-password')), parts)).not.toBeInstanceOf(Promise);
  });

  test('is asked anew on one connection where the words, or what is stored, are others', async () => {
    const { socket } = asking();
    const ask = async (authorization: string | undefined, users = parts.users) => {
      const request = Object.assign(asking(authorization), { socket });
      try {
        return (await identify(request, { ...parts, users })).principal;
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    const right = basic('ann:ann-password');
    expect([await ask(right), await ask(right)]).toEqual(['ann', 'ann']);
    expect(await ask(basic('ann:bob-password'))).toBe('UNAUTHORIZED');
    expect(await ask(undefined)).toBeNull();
    expect(await ask(right)).toBe('ann');
    expect(await ask(right, () => 'changed-password')).toBe('UNAUTHORIZED');
    expect(await ask(right, () => undefined)).toBe('UNAUTHORIZED');
  });

  test.each([
    ['a wrong password', basic('ann:bob-password')],
    ['a wrong password for a hash', basic('bob:ann-password')],
    ['the hash itself as password', basic('bob:$argon2id$x')],
    ['an unknown name', basic('eve:ann-password')],
    ['an empty password', basic('ann:')],
    ['no colon', basic('ann')],
    ['an unknown token', 'Bearer nonsense'],
    ['another scheme', 'Digest x'],
  ])('refuses %s', async (_, header) => {
    expect(await refusal(header)).toBe('UNAUTHORIZED');
  });
});

describe('tokens', () => {
  const may = (_: unknown, right: string, repository: string) =>
    repository === 'team/app' && right !== 'delete';
  const ann = { principal: 'ann', address: '', client: '' };

  test('stand for that part of the scopes which the caller has rights for', async () => {
    const { token } = answerTokenRequest(
      ann,
      ['repository:team/app:pull,push,delete repository:other:pull'],
      may,
      parts.tokens,
    );
    const caller = await identify(asking(`Bearer ${token}`), parts);
    expect(caller.principal).toBe('ann');
    expect(caller.scopes).toEqual([
      { repository: 'team/app', actions: new Set(['pull', 'push']) },
      { repository: 'other', actions: new Set() },
    ]);
  });

  test('expire', async () => {
    const { token, expires_in } = answerTokenRequest(ann, [], may, parts.tokens);
    clock = new Date(clock.getTime() + expires_in * 1000 + 1);
    expect(await refusal(`Bearer ${token}`)).toBe('UNAUTHORIZED');
  });

  test('of a scope that is none are refused', () => {
    expect(() => answerTokenRequest(ann, ['nonsense'], may, parts.tokens)).toThrow(/type:name:actions/);
  });
});

describe('a token that opens one image', () => {
  const digest = digestOf('an image');
  const lend = (until = new AbortController()) => {
    const opens = { repository: 'team/app', parts: new Set([digest]), until: until.signal };
    const { token } = parts.tokens.issue({ principal: 'scanner/trivy', scopes: [], opens }, 60);
    return { token, opens, until };
  };

  test('is a bearer token, and the password of a user whom nobody can be called', async () => {
    const { token, opens } = lend();
    for (const header of [`Bearer ${token}`, basic(`${tokenUser}:${token}`)])
      expect(await identify(asking(header), parts)).toMatchObject({
        principal: 'scanner/trivy',
        scopes: [],
        opens,
      });
    expect(nameField.safeParse(tokenUser).success).toBe(false);
  });

  test('is nothing once it was taken back, nor is a token that was given for it', async () => {
    const { token, opens, until } = lend();
    const other = parts.tokens.issue({ principal: 'scanner/trivy', scopes: [], opens }).token;
    expect(await refusal(`Bearer ${other}`)).toBe('scanner/trivy');
    until.abort();
    for (const header of [`Bearer ${token}`, basic(`${tokenUser}:${token}`), `Bearer ${other}`])
      expect(await refusal(header)).toBe('UNAUTHORIZED');
  });

  test('ends by time as well', async () => {
    const { token } = lend();
    clock = new Date(clock.getTime() + 60_001);
    expect(await refusal(`Bearer ${token}`)).toBe('UNAUTHORIZED');
  });

  test('is what that password has to be: another token is none', async () => {
    const { token } = parts.tokens.issue({ principal: 'ann', scopes: [] });
    expect(await refusal(basic(`${tokenUser}:${token}`))).toBe('UNAUTHORIZED');
    expect(await refusal(basic(`${tokenUser}:`))).toBe('UNAUTHORIZED');
  });
});
