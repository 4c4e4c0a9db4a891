import { array, assert, constantFrom, integer, oneof, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AnchorFilter } from './anchor-filter.ts';
import { secretRules } from './rules.ts';
import { longestReach } from './rule.ts';
import { scannedFile } from './scan-text.ts';
import type { FileSecrets } from './secret-facts.ts';
import { listedHits } from './secret-facts.ts';
import { SecretScanner } from './secret-scanner.ts';
import { checksumOf, hasChecksum } from './value-checks.ts';

/** @param cuts offsets at which the content is cut */
function scan(
  content: Buffer | string,
  cuts: readonly number[] = [],
  path = 'app/.env',
  isText = true,
): FileSecrets | undefined {
  const bytes = Buffer.from(content);
  let found: FileSecrets | undefined;
  const scanner = new SecretScanner(scannedFile(path, isText), bytes.length, (secrets) => (found = secrets));
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    scanner.data(bytes.subarray(from, to));
    from = to;
  }
  scanner.end();
  return found;
}

// In parts, so that nobody takes these for secrets.
const body = 'aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2';
const github = ['gh', 'p_', body, checksumOf(body)].join('');
const aws = ['AK', 'IAQWERTYUIOPASDF23'].join('');
const address = 'db=postgres://app:k3jX9wq@db.internal/shop';

describe('the filter of anchors', () => {
  const texts = ['AKIA', 'hf_', '-----BEGIN ', '.eyJ', 'password'];
  const filter = new AnchorFilter(texts.map((text) => ({ text, anyCase: text === 'password' })));
  const found = (text: string, from = 0, to = text.length): string[] => {
    const seen: string[] = [];
    filter.scan(Buffer.from(text), from, to, (anchor, at) => seen.push(`${texts[anchor]} ${at}`));
    return seen.sort();
  };

  test('finds each once, wherever it begins and wherever the search does', () => {
    for (let before = 0; before < 9; before += 1) {
      const text = `${'x'.repeat(before)}AKIA.eyJPassWord hf_a`;
      const all = [
        `.eyJ ${before + 4}`,
        `AKIA ${before}`,
        `hf_ ${before + 17}`,
        `password ${before + 8}`,
      ].sort();
      expect(found(text)).toEqual(all);
      for (let middle = 0; middle <= text.length; middle += 1)
        expect([...found(text, 0, middle), ...found(text, middle)].sort()).toEqual(all);
    }
  });

  test('does not find what is written otherwise', () => {
    expect(found('akia AKI -----BEGIN_ eyJ')).toEqual([]);
  });

  test('finds what a search for one after the other finds, be they few or many', () => {
    const rules = secretRules.flatMap(({ anchors, anyCase }) =>
      anchors.filter(({ length }) => length > 3).map((text) => ({ text, anyCase: anyCase === true })),
    );
    for (const anchors of [rules.slice(0, 12), rules]) {
      const many = new AnchorFilter(anchors);
      const piece = oneof(
        constantFrom(...anchors.flatMap(({ text }) => [text, text.toUpperCase(), text.slice(0, -1)])),
        string({ unit: 'binary-ascii', maxLength: 5 }),
        constantFrom('.'.repeat(13), 'ab'.repeat(9)),
      );
      assert(
        property(array(piece, { maxLength: 12 }), integer({ min: 0, max: 60 }), (pieces, cut) => {
          const text = pieces.join('');
          const wanted = anchors.flatMap(({ text: anchor, anyCase }, index) => {
            const [where, what] = anyCase ? [text.toLowerCase(), anchor.toLowerCase()] : [text, anchor];
            return Array.from(text, (_, at) => (where.startsWith(what, at) ? `${index} ${at}` : '')).filter(
              Boolean,
            );
          });
          const seen: string[] = [];
          const middle = Math.min(cut, text.length);
          for (const [from, to] of [
            [0, middle],
            [middle, text.length],
          ] as const)
            many.scan(Buffer.from(`x${text}`).subarray(1), from, to, (anchor, at) =>
              seen.push(`${anchor} ${at}`),
            );
          expect(seen.sort()).toEqual(wanted.sort());
        }),
        { numRuns: 300 },
      );
    }
  });

  test('refuses anchors that are too short', () => {
    expect(() => new AnchorFilter([{ text: 'SK', anyCase: false }])).toThrow(/too short/);
  });
});

describe('the scanner', () => {
  test('says the kind, the line and no secret', () => {
    const found = scan(`a\nb\nTOKEN=${github}\n`);
    expect(found).toEqual({
      hits: [
        {
          rule: 'github-token',
          severity: 'critical',
          line: 3,
          excerpt: `ghp_…${github.slice(-2)}`,
          fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
        },
      ],
      more: 0,
    });
  });

  test('gives passwords neither a part nor a digest', () => {
    expect(scan(address)?.hits).toEqual([
      { rule: 'password-in-address', severity: 'medium', line: 1, excerpt: '…' },
    ]);
  });

  test('finds the same wherever the content is cut', () => {
    const filler = 'lorem = ipsum\n'.repeat(150);
    const text = `${filler}${github}\n${address}\n${aws}\n${filler}`;
    const whole = scan(text);
    expect(whole?.hits.map(({ rule, line }) => [rule, line])).toEqual([
      ['github-token', 151],
      ['password-in-address', 152],
      ['aws-access-key-id', 153],
    ]);
    for (let cut = filler.length - 20; cut < filler.length + 130; cut += 1) {
      expect(scan(text, [cut])).toEqual(whole);
      expect(scan(text, [cut - longestReach, cut, cut + 1])).toEqual(whole);
    }
    const everywhere = Array.from({ length: Math.floor(text.length / 7) }, (_, index) => index * 7);
    expect(scan(text, everywhere)).toEqual(whole);
  });

  test('counts the lines of all that was let go, newlines beside bytes that are like them', () => {
    const line = constantFrom(
      '',
      '\n',
      '\n\n',
      'a\n',
      '\x0b\x09\x8a\u010a',
      'abc',
      '\r\n',
      'x'.repeat(2000),
      '\n'.repeat(1100),
    );
    assert(
      property(array(line, { maxLength: 40 }), integer({ min: 0, max: 5000 }), (before, cut) => {
        const text = before.join('');
        const found = scan(`${text}\n${aws}\n`, [Math.min(cut, Buffer.byteLength(text))]);
        expect(found?.hits.map(({ line: number }) => number)).toEqual([text.split('\n').length + 1]);
      }),
    );
  });

  test('tells a secret that stands often once, and others up to a limit', () => {
    expect(scan(`${github}\n`.repeat(100))?.hits).toHaveLength(1);
    const many = Array.from({ length: 100 }, (_, index) => {
      const one = body.slice(0, -3) + String(index).padStart(3, '0');
      return ['gh', 'p_', one, checksumOf(one)].join('');
    });
    const found = scan(many.join('\n'));
    expect(found?.hits).toHaveLength(listedHits);
    expect(found?.more).toBe(100 - listedHits);
  });

  test('looks for little in files that are no text', () => {
    const bytes = Buffer.concat([Buffer.from([0, 1, 2]), Buffer.from(`${github}\n${address}`)]);
    expect(scan(bytes, [], 'app/bin', false)?.hits.map(({ rule, line }) => [rule, line])).toEqual([
      ['github-token', undefined],
    ]);
  });

  test('takes no token whose checksum is wrong', () => {
    expect(hasChecksum(github.slice(4))).toBe(true);
    expect(scan(`${github.slice(0, -1)}_`)).toBeUndefined();
    expect(scan(github.replace('B3', 'B4'))).toBeUndefined();
  });

  test('counts keys of tests and libraries as possible alone', () => {
    const key = [
      '-----BEGIN PRIVATE ',
      'KEY-----\nMIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQC7VJTUt9Us8cKj\nMzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dV\n',
    ].join('');
    expect(scan(key, [], 'app/key.pem')?.hits[0]?.severity).toBe('high');
    expect(scan(key, [], 'app/node_modules/tls/test/key.pem')?.hits[0]?.severity).toBe('possible');
  });
});

describe('content made to take long', () => {
  const units = [
    'AKIA',
    `${aws} `,
    '-----BEGIN ',
    '-----BEGIN PRIVATE KEY-----\n',
    'eyJ',
    '.eyJ',
    'eyJhbGciOiJIUzI1NiJ9.',
    'password=',
    'password=aB3dE5gH7jK9 ',
    '"kty":"RSA",',
    'a://b:',
    'secret_access_key=',
    'LS0tLS1CRUdJTi',
    ' \\n',
    'PuTTY-User-Key-File-3: a',
  ];

  // Twice as much takes about twice as long: no time is asserted, but one that grows faster ends no test.
  test.each(units)('ends: %s', { timeout: 600_000 }, (unit) => {
    const found = scan(unit.repeat(Math.ceil(10_000_000 / unit.length)));
    expect((found?.hits.length ?? 0) <= listedHits).toBe(true);
  });
});

describe('the rules', () => {
  test('look at no bytes too closely: what a pattern matches, it is tried on', () => {
    // Some of them end a user, others only look so.
    const pieces = constantFrom(
      'a',
      'user',
      '.',
      '%',
      '$',
      '\x00',
      '\x1f',
      '\xe9',
      '\xa0',
      '\t',
      '/',
      ':',
      'u'.repeat(40),
    );
    let matched = 0;
    for (const { pattern, anchors, mayBegin } of secretRules) {
      if (mayBegin === undefined) continue;
      assert(
        property(array(pieces, { maxLength: 4 }), array(pieces, { maxLength: 3 }), (user, rest) => {
          const text = `db${anchors[0]}${user.join('')}:${rest.join('')}secret@host.internal`;
          pattern.lastIndex = 2;
          if (!pattern.test(text)) return true;
          matched += 1;
          return mayBegin(Buffer.from(text, 'latin1'), 2);
        }),
        { numRuns: 1000 },
      );
    }
    expect(matched).toBeGreaterThan(100);
  });

  test('have ids of their own, and patterns that begin where they are told to', () => {
    expect(new Set(secretRules.map(({ id }) => id)).size).toBe(secretRules.length);
    for (const { id, pattern, anchors } of secretRules) {
      expect(id).toMatch(/^[a-z0-9-]{1,64}$/);
      expect(pattern.sticky).toBe(true);
      expect(pattern.source).toContain('(?<secret>');
      expect(anchors.length).toBeGreaterThan(0);
      // Repetitions have an end.
      expect(pattern.source.replaceAll(/\\[*+.]|\[(?:\\.|[^\]])*\]/g, 'x')).not.toMatch(/x[*+]|\)[*+]/);
    }
  });
});
