import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { refusalReason } from '../refusal.ts';
import { signFile } from './testing/local-sigstore.ts';
import type { VerifiedBlob } from './verify-blob.ts';
import { changed, file, person, reasonFor, sigstore, verify } from './verify-blob.fixtures.ts';

describe('an attestation about files', () => {
  const sha256 = createHash('sha256').update(file).digest('hex');
  const sha512 = createHash('sha512').update(file).digest('hex');
  const statement = (subject: unknown, over: object = {}) => ({
    _type: 'https://in-toto.io/Statement/v1',
    subject,
    predicateType: 'https://test.example/p',
    predicate: {},
    ...over,
  });
  const stated = (subject: unknown, over: object = {}) =>
    signFile(sigstore, file, person, { statement: statement(subject, over) });
  const elsewhere = { name: 'other', digest: { sha256: '0'.repeat(64) } };

  test.each([
    ['it alone', [{ digest: { sha256 } }]],
    ['it among others', [elsewhere, { name: 'a', digest: { sha256 } }]],
    ['it by several digests', [{ digest: { sha256, sha512, gitCommit: 'abc' } }]],
    ['it by another digest', [{ digest: { sha512 } }]],
  ])('verifies for a file if it names %s', async (_, subject) => {
    expect(await verify(stated(subject))).toMatchObject({
      predicateType: 'https://test.example/p',
      identity: person,
    });
    const logged = signFile(sigstore, file, person, {
      statement: statement(subject),
      log: sigstore.secondLog,
    });
    expect(await verify(logged)).toMatchObject({ predicateType: 'https://test.example/p' });
  });

  test.each([
    ['other files', [elsewhere], {}, /about other files/],
    [
      'a file of another digest as well',
      [{ digest: { sha256, sha512: '0'.repeat(128) } }],
      {},
      /other files/,
    ],
    ['a digest in capitals', [{ digest: { sha256: sha256.toUpperCase() } }], {}, /other files/],
    ['a digest that nobody can compare', [{ digest: { md5: 'x' } }], {}, /other files/],
    ['nothing', [], {}, /names no subject/],
    ['too much', Array.from({ length: 1025 }, () => elsewhere), {}, /more than 1024/],
    [
      'it, but is no statement',
      [{ digest: { sha256 } }],
      { _type: 'https://evil.example' },
      /not an in-toto/,
    ],
  ])('is refused if it names %s', async (_, subject, over, reason) => {
    expect(await reasonFor(stated(subject, over))).toMatch(reason);
  });
});

describe('a bundle', () => {
  test('is of no other file', async () => {
    const bundle = signFile(sigstore, file, person);
    expect(await reasonFor(bundle, { file: Buffer.from('another') })).toBe('the bundle is of another file');
  });

  test('that does not say of which file it is, is of no other one', async () => {
    const bundle = changed(({ messageSignature }) => delete messageSignature!.messageDigest);
    expect(await verify(bundle)).toHaveProperty('identity');
    expect(await reasonFor(bundle, { file: Buffer.from('another') })).toMatch(/digest mismatch/);
  });

  test('with a field that the format does not have is refused, wherever it is', async () => {
    const bundle = signFile(sigstore, file, person, { stamped: true });
    let places = 0;
    const spoil = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      for (const child of Object.values(value)) spoil(child);
      if (!Array.isArray(value)) places += 1;
    };
    spoil(bundle);
    for (let place = 0; place < places; place += 1) {
      let at = 0;
      const spoiled = JSON.stringify(bundle, (_, value: unknown) => {
        if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
        at += 1;
        return at - 1 === place ? { ...value, extra: 1 } : value;
      });
      expect(await reasonFor(spoiled)).toMatch(/unknown field "extra"/);
    }
    expect(places).toBeGreaterThan(10);
  });
});

describe('a bundle of which one character is changed', () => {
  let text: string;
  let original: VerifiedBlob;
  beforeAll(async () => {
    text = JSON.stringify(signFile(sigstore, file, person, { log: sigstore.secondLog }));
    original = await verify(text);
  });

  test('is refused, or says the same', async () => {
    let refused = 0;
    for (let at = 0; at < text.length; at += 17) {
      const character = text[at] === 'A' ? 'B' : 'A';
      const spoiled = `${text.slice(0, at)}${character}${text.slice(at + 1)}`;
      const outcome = await verify(spoiled).catch((error: unknown) => refusalReason(error) ?? error);
      if (typeof outcome === 'string') refused += 1;
      expect(typeof outcome === 'string' ? original : outcome).toEqual(original);
    }
    expect(refused).toBeGreaterThan(text.length / 34);
  });
});
