import { describe, expect, test } from 'vitest';
import type { Caller } from '@wharfinger/lib/registry/host';
import { configSchema, rightSchema } from '../config/schema.ts';
import { createNamespaceLookup, effectiveGate, isImmutable } from './namespaces.ts';
import { createRights } from './rights.ts';

const config = configSchema.parse({
  users: [
    {
      name: 'ann',
      password: 'longenough',
      rights: [
        { repositories: 'team/**', actions: ['pull', 'push'] },
        { repositories: 'team/app', actions: ['sign'] },
      ],
    },
    { name: 'bob', password: 'longenough' },
  ],
  namespaces: [
    { name: 'open', class: 'public' },
    { name: 'house', class: 'internal', gate: 'hold' },
    { name: 'house/vault', class: 'private', official: true, immutableTags: ['v*', 'stable'] },
  ],
});
const namespaceOf = createNamespaceLookup(config.namespaces);
const rights = createRights(config.users, namespaceOf);
const as = (principal: string | null, scopes?: Caller['scopes']): Caller => ({
  principal,
  address: '',
  client: '',
  ...(scopes && { scopes }),
});
const allowed = (caller: Caller, repository: string): string[] =>
  rightSchema.options.filter((right) => rights.may(caller, right, repository));

describe('rights', () => {
  test.each([
    ['nobody, in a private repository', as(null), 'team/app', []],
    ['nobody, in an internal one', as(null), 'house/app', []],
    ['nobody, in a public one', as(null), 'open/app', ['pull']],
    ['anyone signed in, in a private one', as('bob'), 'team/app', []],
    ['anyone signed in, in an internal one', as('bob'), 'house/app', ['pull']],
    ['anyone signed in, in a private part of an internal one', as('bob'), 'house/vault/x', []],
    ['anyone signed in, in a public one', as('bob'), 'open/app', ['pull']],
    ['a user with rules', as('ann'), 'team/app', ['pull', 'push', 'sign']],
    ['a user with rules, below', as('ann'), 'team/deep/app', ['pull', 'push']],
    ['a user with rules, elsewhere', as('ann'), 'teams/app', []],
    ['a name that is no user', as('eve'), 'team/app', []],
    [
      'the administrator',
      as('admin'),
      'team/app',
      ['pull', 'push', 'delete', 'release', 'govern', 'purge', 'promote'],
    ],
  ])('of %s', (_, caller, repository, expected) => {
    expect(allowed(caller, repository)).toEqual(expected);
  });

  test('are narrowed by a token, never widened', () => {
    const scopes = [{ repository: 'team/app', actions: new Set(['pull', 'delete']) }];
    expect(allowed(as('ann', scopes), 'team/app')).toEqual(['pull', 'sign']);
    expect(allowed(as('ann', scopes), 'team/other')).toEqual([]);
    expect(allowed(as('admin', [{ repository: 'team/app', actions: new Set(['*']) }]), 'team/app')).toEqual([
      'pull',
      'push',
      'delete',
      'purge',
    ]);
    expect(rights.isAdmin(as('admin', scopes))).toBe(false);
    expect(rights.isAdmin(as('admin'))).toBe(true);
    expect(rights.isAdmin(as('ann'))).toBe(false);
  });
});

describe('rights over patterns', () => {
  const may = (principal: string | null, right: 'pull' | 'sign' | 'inspect', ...patterns: string[]) =>
    rights.mayInAll(as(principal), right, patterns);

  test('are had where a rule stands for all of them', () => {
    expect(may('ann', 'pull', 'team/**', 'team/app', 'team/web-*')).toBe(true);
    expect(may('ann', 'pull', 'team/**', 'other/app')).toBe(false);
    expect(may('ann', 'pull', '**')).toBe(false);
    expect(may('ann', 'sign', 'team/app')).toBe(true);
    expect(may('ann', 'sign', 'team/*')).toBe(false);
    expect(may('bob', 'pull', 'open/app')).toBe(false);
    expect(may(null, 'pull', 'team/app')).toBe(false);
    expect(may('admin', 'pull', '**')).toBe(true);
    expect(may('admin', 'inspect', 'team/app')).toBe(false);
  });

  test('are none of a token', () => {
    const scopes = [{ repository: 'team/app', actions: new Set(['*']) }];
    expect(rights.mayInAll(as('ann', scopes), 'pull', ['team/app'])).toBe(false);
  });
});

describe('namespaces', () => {
  test('own by their longest leading part, at a slash', () => {
    expect(namespaceOf('house/vault/x').name).toBe('house/vault');
    expect(namespaceOf('house/vaults').name).toBe('house');
    expect(namespaceOf('house').name).toBe('house');
    expect(namespaceOf('houses')).toMatchObject({ name: '*', class: 'private', gate: 'warn' });
  });

  test('of which * is for all others', () => {
    const all = createNamespaceLookup(
      configSchema.parse({ namespaces: [{ name: '*', gate: 'hold' }] }).namespaces,
    );
    expect(all('anything/at/all').gate).toBe('hold');
  });

  test('that are official hold, whatever their gate says', () => {
    expect(effectiveGate(namespaceOf('house/vault'))).toBe('hold');
    expect(effectiveGate(namespaceOf('open'))).toBe('warn');
  });

  test('name the tags that must not move', () => {
    const vault = namespaceOf('house/vault');
    expect(
      ['v1', 'v', 'stable', 'latest', 'xv1', 'stable2'].filter((tag) => isImmutable(vault, tag)),
    ).toEqual(['v1', 'v', 'stable']);
  });
});
