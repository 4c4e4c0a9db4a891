import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { WharfingerError } from '../errors.ts';
import { loadStandardCollection, standardCollectionText } from '../routines/standard.ts';
import { parseJudgement, rulesFor, serialiseJudgement, type Judgement } from './judgement.ts';

const pem = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });

const judgement: Judgement = {
  format: 1,
  madeAt: '2026-01-01T00:00:00Z',
  repositories: [
    { pattern: 'team/**', gate: 'hold', official: false, bindings: [] },
    {
      pattern: 'team/web/*',
      gate: 'warn',
      official: false,
      bindings: [
        {
          routine: 'maximum-age',
          parameters: { undated: 'pass', days: 30 },
          effect: 'deny',
          undecided: 'warn',
          purposes: ['deploy'],
        },
      ],
    },
  ],
  trust: [{ pattern: 'team/web/shop', keys: [{ name: 'release', pem }] }],
  collection: loadStandardCollection(),
};

function mistakesOf(change: (document: Record<string, unknown>) => void): string {
  const document = JSON.parse(serialiseJudgement(judgement)) as Record<string, unknown>;
  change(document);
  return mistakesOfText(JSON.stringify(document));
}

function mistakesOfText(text: string): string {
  try {
    parseJudgement(Buffer.from(text));
  } catch (error) {
    if (error instanceof WharfingerError && error.code === 'JUDGEMENT_INVALID') return error.message;
    throw error;
  }
  return '';
}

describe('a judgement', () => {
  it('is read as it was written', () => {
    const text = serialiseJudgement(judgement);
    const read = parseJudgement(Buffer.from(text));
    expect(serialiseJudgement(read)).toBe(text);
    expect(read).toEqual(judgement);
    expect(read.collection.digest).toBe(loadStandardCollection().digest);
  });

  it('gives a repository the rule and the keys of its most specific patterns', () => {
    const effects = (repository: string): Record<string, string> =>
      Object.fromEntries(
        rulesFor(judgement, repository).bindings.map(({ routine, effect }) => [routine.name, effect]),
      );
    expect(effects('team/api')).toMatchObject({
      'no-fixable-vulnerabilities': 'hold',
      'maximum-age': 'warn',
    });
    expect(effects('team/api')).not.toHaveProperty('signed');
    expect(effects('team/web/shop')).toMatchObject({
      signed: 'warn',
      'maximum-age': 'deny',
      'not-malicious': 'hold',
    });
    expect(effects('elsewhere')).toMatchObject({ 'no-fixable-vulnerabilities': 'warn' });
    expect(rulesFor(judgement, 'team/web/shop').trustedKeys.map((key) => key.name)).toEqual(['release']);
    expect(rulesFor(judgement, 'team/api').trustedKeys).toEqual([]);
  });

  it('replaces the default binding of a routine by its own', () => {
    const bound = rulesFor(judgement, 'team/web/a').bindings.filter(
      ({ routine }) => routine.name === 'maximum-age',
    );
    expect(bound).toMatchObject([
      { parameters: { days: 30, undated: 'pass' }, effect: 'deny', undecided: 'warn', purposes: ['deploy'] },
    ]);
  });
});

describe('parseJudgement', () => {
  it('names all mistakes at once', () => {
    const message = mistakesOf((document) => {
      document['format'] = 2;
      document['madeAt'] = 'yesterday';
      document['repositories'] = [{ pattern: 'a**', gate: 'open', official: 'no', bindings: [{}] }];
      document['trust'] = [{ pattern: '', keys: [{ name: 'a', pem: 'b' }] }];
    });
    expect(message.split('\n')).toHaveLength(11);
    expect(message).toContain('format must be 1');
    expect(message).toContain('repositories[0].gate must be one of warn, hold');
    expect(message).toContain('repositories[0].bindings[0].routine is missing');
    expect(message).toContain('trust[0].keys[0]');
  });

  it.each([
    ['an unknown field', (d: Record<string, unknown>) => (d['waivers'] = []), 'waivers is not known'],
    ['a missing field', (d: Record<string, unknown>) => delete d['trust'], 'trust is missing'],
    [
      'a collection that cannot be read',
      (d: Record<string, unknown>) => (d['collection'] = 'x'),
      'collection cannot be used',
    ],
    [
      'a collection without the routines that bind by default',
      (d: Record<string, unknown>) =>
        (d['collection'] = standardCollectionText.replace('name: not-malicious', 'name: other')),
      'has no routine not-malicious',
    ],
    [
      'a digest in place of the collection',
      (d: Record<string, unknown>) => (d['collection'] = loadStandardCollection().digest),
      'collection cannot be used',
    ],
    ['a list', (d: Record<string, unknown>) => (d['repositories'] = {}), 'repositories must be a list'],
  ])('refuses %s', (_, change, expected) => {
    expect(mistakesOf(change)).toContain(expected);
  });

  it.each([
    ['an unknown routine', { routine: 'nope' }, 'names no routine'],
    ['an unknown parameter', { parameters: { weeks: 1 } }, 'there is no parameter weeks'],
    [
      'a parameter out of bounds',
      { parameters: { days: 0 } },
      'days must be a whole number of days from 1 to 3650',
    ],
    ['an unknown effect', { effect: 'shout' }, 'effect must be one of warn, hold, deny'],
    ['an unknown purpose', { purposes: ['fun'] }, 'purposes[0] must be one of'],
  ])('refuses a binding with %s', (_, fields, expected) => {
    const message = mistakesOf((document) => {
      const base = { routine: 'maximum-age', parameters: {}, effect: 'warn', purposes: ['pull'] };
      document['repositories'] = [
        { pattern: '**', gate: 'warn', official: false, bindings: [{ ...base, ...fields }] },
      ];
    });
    expect(message).toContain(expected);
  });

  it.each([
    ['no JSON', 'x', 'not valid JSON'],
    ['a key twice', '{"format":1,"format":1}', 'stands twice'],
    ['nothing', 'null', 'must be a mapping'],
    ['too much', ' '.repeat(17 * 1024 * 1024), 'larger than'],
  ])('refuses %s', (_, text, expected) => {
    expect(mistakesOfText(text)).toContain(expected);
  });
});
