import { hash, verify } from '@node-rs/argon2';
import { describe, expect, test } from 'vitest';
import { isWharfingerError } from '@wharfinger/lib/errors';
import { createPasswordVerifier, hashOfNobody } from './passwords.ts';

const parametersOf = (encoded: string) =>
  encoded.slice(0, encoded.lastIndexOf('$', encoded.lastIndexOf('$') - 1));

describe('passwords', () => {
  test('of names that do not exist cost what those of names that do cost', async () => {
    // the same computation, and not one that fails before it begins
    expect(parametersOf(hashOfNobody)).toBe(parametersOf(await hash('any password')));
    expect(await verify(hashOfNobody, 'any password')).toBe(false);
    const passwords = createPasswordVerifier();
    const hashed = await hash('right-password');
    for (const stored of [undefined, 'right-password', hashed]) {
      for (let again = 0; again < 2; again += 1) {
        const answer = passwords.verify(stored, 'wrong-password');
        expect(answer).toBeInstanceOf(Promise);
        expect(await answer).toBe(false);
      }
    }
  });

  test('that are right are remembered, under the hash that they are right for', async () => {
    const passwords = createPasswordVerifier();
    const [one, other] = [await hash('right-password'), await hash('other-password')];
    expect(await passwords.verify(one, 'right-password')).toBe(true);
    expect(passwords.verify(one, 'right-password')).toBe(true);
    expect(await passwords.verify(other, 'right-password')).toBe(false);
    expect(await passwords.verify(undefined, 'right-password')).toBe(false);
    expect(passwords.verify('undefined', 'undefined')).toBe(true);
    expect(await passwords.verify(undefined, 'undefined')).toBe(false);
  });

  test.each(['$argon2id$', '$argon2id$v=19$m=1$x$y', '$argon2'])(
    'a hash that is none fits nothing: %s',
    async (stored) => {
      const passwords = createPasswordVerifier();
      expect(await passwords.verify(stored, stored)).toBe(false);
      expect(await passwords.verify(stored, '')).toBe(false);
    },
  );

  test('guessing many at once is turned away, and the door opens again', async () => {
    const passwords = createPasswordVerifier();
    const guesses = await Promise.allSettled(
      Array.from({ length: 260 }, async (_, n) => passwords.verify(undefined, `guess ${n}`)),
    );
    const refused = guesses.filter((guess) => guess.status === 'rejected');
    expect(refused).toHaveLength(260 - 204);
    expect(refused.every(({ reason }) => isWharfingerError(reason, 'TOO_MANY_REQUESTS'))).toBe(true);
    expect(await passwords.verify(undefined, 'one more')).toBe(false);
  });
});
