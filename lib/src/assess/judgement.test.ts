import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { WharfingerError } from '../errors.ts';
import { loadStandardCollection, standardCollectionText } from '../routines/standard.ts';
import type { Judgement } from './judgement-document.ts';
import { makeJudgement, makeRule, makeTrust } from './judgement.fixtures.ts';
import { digestOfJudgement, parseJudgement, serialiseJudgement } from './judgement.ts';

const pem = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
const digest = `sha256:${'a'.repeat(64)}` as const;

const judgement: Judgement = makeJudgement({
  registryKey: pem,
  repositories: [
    makeRule('team/**', { gate: 'hold', namespace: 'team' }),
    makeRule('team/web/*', { department: 'web', externalFacing: true }),
  ],
  trust: [
    makeTrust('team/web/shop', { name: 'release', pem, principal: 'anna', purposes: ['release'] }),
    makeTrust('team/**', {
      name: 'ci',
      keyless: { issuer: { exact: 'https://ci.example' }, subject: { pattern: '.*@example' }, root: 'own' },
    }),
    makeTrust('other/**', {
      name: 'acme',
      notation: {
        trustStores: ['ca:acme'],
        trustedIdentities: ['*'],
        override: { revocation: 'log' },
        verifyTimestamp: 'afterCertExpiry',
      },
    }),
  ],
  sigstoreRoots: { own: '{}' },
  trustStores: { 'ca:acme': 'PEM' },
  revocations: {
    version: 7,
    issuedAt: '2026-01-01T00:00:00Z',
    expires: '2027-01-01T00:00:00Z',
    entries: [{ keyId: 'ab'.repeat(32), revokedAt: '2026-01-01T00:00:00Z', reason: 'lost' }],
  },
  custody: [
    {
      pattern: 'prod/**',
      layout: {
        name: 'prod',
        registry: 'test',
        stages: [
          {
            name: 'base',
            repositories: ['base/**'],
            teams: [{ team: 'base', signers: ['base'] }],
            approvals: { needed: 1, roles: { qa: ['anna'] }, signers: ['anna'] },
            kinds: ['origin'],
            intake: false,
            parentStages: [],
          },
        ],
      },
    },
  ],
  bindings: [
    {
      id: 'young',
      collection: 'standard',
      routine: 'maximum-age',
      parameters: { undated: 'pass', days: 30 },
      scope: { repositories: ['team/**'], departments: ['web'], externalFacing: true },
      purposes: ['deploy'],
      effect: 'deny',
      undecided: 'warn',
      window: {
        from: '2026-01-01T00:00:00Z',
        weekly: [{ days: ['mon'], from: '08:00', until: '17:00' }],
        zone: 'Europe/Vienna',
        pauses: [{ from: '2026-02-01T00:00:00Z', until: '2026-02-02T00:00:00Z' }],
      },
    },
    {
      id: 'younger',
      collection: 'standard',
      routine: 'maximum-age',
      parameters: { undated: 'pass', days: 30 },
      scope: {},
      purposes: ['pull'],
      effect: 'deny',
      undecided: 'warn',
      overlays: 'young',
    },
  ],
  waivers: [
    {
      id: 'later',
      routine: 'non-root',
      scope: {},
      digest,
      advisories: ['CVE-1'],
      owner: 'anna',
      reason: 'moving',
      from: '2026-01-01T00:00:00Z',
      expires: '2026-02-01T00:00:00Z',
    },
  ],
  grantRules: [{ scope: {}, approvers: [{ name: 'anna', pem }], needed: 1, maxHours: 4 }],
  grants: [['{}']],
  holds: [{ repository: 'team/app', digest, by: 'admin', at: '2026-01-01T00:00:00Z', reason: 'odd' }],
});

// the tests reach for whatever a document may hold
// oxlint-disable-next-line typescript/no-explicit-any
type Document = Record<string, any>;

function mistakesOf(change: (document: Document) => unknown): string {
  const document = JSON.parse(serialiseJudgement(judgement)) as Document;
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
    expect(read.collections[0]?.digest).toBe(loadStandardCollection().digest);
  });

  it('has one digest, however its fields are ordered', () => {
    const turned = Object.fromEntries(Object.entries(judgement).toReversed()) as unknown as Judgement;
    expect(digestOfJudgement(turned)).toBe(digestOfJudgement(judgement));
    expect(digestOfJudgement({ ...judgement, version: 2 })).not.toBe(digestOfJudgement(judgement));
  });
});

describe('parseJudgement', () => {
  it('names all mistakes at once', () => {
    const message = mistakesOf((document) => {
      document['format'] = 1;
      document['madeAt'] = 'yesterday';
      document['version'] = -1;
      document['repositories'] = [{ ...makeRule('a**'), gate: 'open', official: 'no', class: 'secret' }];
      document['trust'] = [{ pattern: '', signers: [{ name: 'a', pem: 'b' }], formats: ['pgp'] }];
    });
    expect(message.split('\n')).toHaveLength(10);
    for (const part of [
      'format must be 2',
      'madeAt must be a time',
      'version must be a whole number',
      'repositories[0].pattern is not a repository pattern',
      'repositories[0].class must be one of',
      'repositories[0].gate must be one of warn, hold',
      'repositories[0].official must be true or false',
      'trust[0].pattern must be a text',
      'trust[0].signers[0]',
      'trust[0].formats[0] must be one of',
    ])
      expect(message).toContain(part);
  });

  const every = [
    ...Object.keys(judgement),
    'repositories.0.pattern',
    'repositories.0.namespace',
    'repositories.0.class',
    'repositories.0.stage',
    'repositories.0.externalFacing',
    'repositories.0.gate',
    'repositories.0.official',
    'trust.0.pattern',
    'trust.0.signers',
    'trust.0.formats',
    'trust.0.signers.0.name',
    'trust.0.signers.0.pem',
    'trust.1.signers.0.keyless.issuer',
    'trust.1.signers.0.keyless.root',
    'trust.1.signers.0.keyless.subject.pattern',
    'trust.2.signers.0.notation.trustStores',
    'trust.2.signers.0.notation.trustedIdentities',
    'revocations.version',
    'revocations.issuedAt',
    'revocations.expires',
    'revocations.entries',
    'revocations.entries.0.keyId',
    'revocations.entries.0.revokedAt',
    'revocations.entries.0.reason',
    'custody.0.pattern',
    'custody.0.layout',
    'custody.0.layout.name',
    'custody.0.layout.registry',
    'custody.0.layout.stages.0.name',
    'custody.0.layout.stages.0.teams.0.team',
    'custody.0.layout.stages.0.approvals.needed',
    'custody.0.layout.stages.0.approvals.roles',
    'custody.0.layout.stages.0.kinds',
    'custody.0.layout.stages.0.intake',
    'bindings.0.id',
    'bindings.0.collection',
    'bindings.0.routine',
    'bindings.0.parameters',
    'bindings.0.scope',
    'bindings.0.purposes',
    'bindings.0.effect',
    'bindings.0.window.weekly.0.days',
    'bindings.0.window.weekly.0.from',
    'bindings.0.window.pauses.0.until',
    'waivers.0.id',
    'waivers.0.routine',
    'waivers.0.scope',
    'waivers.0.owner',
    'waivers.0.reason',
    'waivers.0.from',
    'waivers.0.expires',
    'grantRules.0.scope',
    'grantRules.0.approvers',
    'grantRules.0.needed',
    'grantRules.0.maxHours',
    'holds.0.repository',
    'holds.0.digest',
    'holds.0.by',
    'holds.0.at',
    'holds.0.reason',
  ];

  function holderOf(document: Document, path: string): readonly [Document, string] {
    const parts = path.split('.');
    const last = parts.pop()!;
    return [parts.reduce((value, part) => value[part], document), last];
  }

  const mayLack = ['registryKey', 'bindings.0.parameters', 'bindings.0.scope', 'waivers.0.scope'];

  it.each(every.filter((path) => !mayLack.includes(path)))('refuses a document without %s', (path) => {
    const message = mistakesOf((document) => {
      const [holder, name] = holderOf(document, path);
      delete holder[name];
    });
    expect(message).not.toBe('');
  });

  it.each(every)('refuses a document with something else in place of %s', (path) => {
    const message = mistakesOf((document) => {
      const [holder, name] = holderOf(document, path);
      holder[name] = typeof holder[name] === 'number' ? 'seven' : 7.5;
    });
    expect(message).not.toBe('');
  });

  it.each([
    '',
    'repositories.0',
    'trust.0',
    'trust.0.signers.0',
    'trust.1.signers.0.keyless',
    'trust.2.signers.0.notation',
    'revocations',
    'revocations.entries.0',
    'custody.0',
    'custody.0.layout',
    'custody.0.layout.stages.0',
    'custody.0.layout.stages.0.teams.0',
    'custody.0.layout.stages.0.approvals',
    'bindings.0',
    'bindings.0.scope',
    'bindings.0.window',
    'waivers.0',
    'grantRules.0',
    'holds.0',
  ])('refuses a field that it does not know in "%s"', (path) => {
    const message = mistakesOf((document) => {
      const holder = path === '' ? document : path.split('.').reduce((value, part) => value[part], document);
      holder['stricter'] = true;
    });
    expect(message).toContain('stricter is not known');
  });

  it.each<[string, (document: Document) => unknown, string]>([
    ['two signers of one name', (d) => d['trust'][0].signers.push(d['trust'][0].signers[0]), 'stands twice'],
    ['a root that it lacks', (d) => (d['sigstoreRoots'] = {}), 'names no trusted root'],
    ['a trust store that it lacks', (d) => (d['trustStores'] = {}), 'names no trust store'],
    ['a signer of two kinds', (d) => (d['trust'][1].signers[0].pem = pem), 'exactly one of pem'],
    ['a key of another kind than it says', (d) => (d['trust'][0].signers[0].algorithm = 'rsa'), 'the key is'],
    [
      'a parent stage that it lacks',
      (d) => (d['custody'][0].layout.stages[0].parentStages = ['x']),
      'no stage',
    ],
    ['two bindings of one id', (d) => (d['bindings'][1].id = 'young'), 'stands twice'],
    ['an overlay over nothing', (d) => (d['bindings'][1].overlays = 'old'), 'there is no binding old'],
    ['an overlay over itself', (d) => (d['bindings'][1].overlays = 'younger'), 'in a circle'],
    [
      'a key of the registry that is none',
      (d) => (d['registryKey'] = 'PEM'),
      'registryKey the key cannot be used',
    ],
    ['an overlay that loosens', (d) => (d['bindings'][1].effect = 'warn'), 'is weaker than deny'],
    [
      'a waiver of what cannot be waived',
      (d) => (d['waivers'][0].routine = 'not-malicious'),
      'cannot be waived',
    ],
    [
      'a collection that it lacks',
      (d) => (d['bindings'][0].collection = 'mine'),
      'there is no collection mine',
    ],
    ['a routine that it lacks', (d) => (d['bindings'][0].routine = 'nope'), 'has no routine nope'],
    ['a parameter that it lacks', (d) => (d['bindings'][0].parameters = { weeks: 1 }), 'no parameter weeks'],
    ['a parameter out of bounds', (d) => (d['bindings'][0].parameters = { days: 0 }), 'from 1 to 3650'],
    ['no time zone', (d) => (d['bindings'][0].window.zone = 'Mars/Base'), 'must be a time zone'],
    ['two waivers of one id', (d) => d['waivers'].push(d['waivers'][0]), 'stands twice'],
    ['no collection', (d) => (d['collections'] = []), 'must hold at least one'],
    ['one collection twice', (d) => d['collections'].push(d['collections'][0]), 'second collection called'],
    [
      'a collection without the routines that bind by default',
      (d) => (d['collections'] = [standardCollectionText.replace('name: not-malicious', 'name: other')]),
      'has no routine not-malicious',
    ],
    [
      'a digest in place of a collection',
      (d) => (d['collections'] = [loadStandardCollection().digest]),
      'cannot be used',
    ],
  ])('refuses %s', (_, change, expected) => {
    expect(mistakesOf(change)).toContain(expected);
  });

  it.each([
    ['no JSON', 'x', 'not valid JSON'],
    ['a key twice', '{"format":2,"format":2}', 'stands twice'],
    ['nothing', 'null', 'must be a mapping'],
    ['too much', ' '.repeat(17 * 1024 * 1024), 'larger than'],
  ])('refuses %s', (_, text, expected) => {
    expect(mistakesOfText(text)).toContain(expected);
  });
});
