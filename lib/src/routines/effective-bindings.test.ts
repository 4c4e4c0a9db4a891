import {
  assert,
  boolean,
  constantFrom,
  integer,
  option,
  property,
  record,
  shuffledSubarray,
  uniqueArray,
} from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mistakesInBindings } from './check-bindings.ts';
import { loadCollection } from './collection.ts';
import { effectiveBindings } from './effective-bindings.ts';
import { factsFromFragment } from './fact-fragment.ts';
import type { RepositoryFacts } from './facts.ts';
import { judge } from './judge.ts';
import { parseBinding } from './read-records.ts';
import type { BindingRecord } from './records.ts';
import { effects } from './verdict.ts';

const collection = loadCollection(`name: house
version: 1.0.0
description: Rules of the house.
routines:
  - name: few-layers
    title: Few layers
    description: Not more layers than allowed, in words that are allowed.
    parameters:
      most: { type: integer, description: how many, default: 5, tightens: down }
      level: { type: string, description: how bad, choices: [low, medium, high], default: medium, tightens: down }
      strict: { type: boolean, description: whether, default: false, tightens: up }
      demanded: { type: strings, description: what must be there, default: [a], tightens: more }
      allowed: { type: strings, description: what may be there, default: [x, y], tightens: fewer }
      comment: { type: string, description: what people say, default: none }
    expression: >-
      size(image.layers) <= params.most && (params.level != "low" || image.size < 10) &&
      !params.strict && params.demanded.all(d, d in image.annotations) &&
      image.annotations.all(name, name in ["a", "b"] || name in params.allowed)
    message: '"too many"'
    remedy: use fewer
    tests: []
  - name: other
    title: Other
    description: Another.
    expression: 'false'
    message: '"no"'
    remedy: none
    tests: []
`);
const now = new Date('2026-03-04T12:00:00Z');
const repository: RepositoryFacts = {
  name: 'pay/app',
  namespace: 'pay',
  department: 'payments',
  class: 'internal',
  stage: 'production',
  externalFacing: false,
  official: false,
};
const base: BindingRecord = {
  id: 'base',
  collection: 'house',
  routine: 'few-layers',
  parameters: {},
  scope: {},
  purposes: ['pull', 'deploy'],
  effect: 'hold',
};
const overlay: BindingRecord = {
  ...base,
  id: 'over',
  overlays: 'base',
  scope: { departments: ['payments'] },
};
const effective = (records: readonly BindingRecord[], at = now, of = repository) =>
  effectiveBindings(records, of, [collection], 'pull', at);
const idsOf = (records: readonly BindingRecord[], at = now, of = repository) =>
  effective(records, at, of).bindings.map(({ id }) => id);
const loosening = (fields: Partial<BindingRecord>, parent: Partial<BindingRecord> = {}) =>
  mistakesInBindings(
    [
      { ...base, ...parent },
      { ...overlay, ...fields },
    ],
    [collection],
  ).map(({ what }) => what);

describe('bindings that count', () => {
  test.each([
    [{}, true],
    [{ repositories: ['pay/*'] }, true],
    [{ repositories: ['pay/*'], exceptRepositories: ['**/app'] }, false],
    [{ repositories: ['web/**'] }, false],
    [{ classes: ['internal', 'public'] }, true],
    [{ classes: ['public'] }, false],
    [{ departments: ['payments'] }, true],
    [{ departments: ['sales'] }, false],
    [{ stages: ['production'], externalFacing: false }, true],
    [{ stages: ['production'], externalFacing: true }, false],
  ] as const)('are those whose scope has the repository: %j', (scope, counts) => {
    expect(idsOf([{ ...base, scope }])).toEqual(counts ? ['base'] : []);
  });

  test('are not those of a department where the repository has none', () => {
    const { department: _, ...without } = repository;
    expect(idsOf([{ ...base, scope: { departments: ['payments'] } }], now, without)).toEqual([]);
  });

  test('are those for the purpose', () => {
    expect(idsOf([{ ...base, purposes: ['deploy'] }])).toEqual([]);
  });

  test('come and go by themselves, and tell when', () => {
    const march = { ...base, window: { from: '2026-03-01T00:00:00Z', until: '2026-04-01T00:00:00Z' } };
    const day = (text: string) => effective([march], new Date(text));
    expect(day('2026-02-10T00:00:00Z')).toEqual({ bindings: [], validUntil: '2026-03-01T00:00:00.000Z' });
    expect(day('2026-03-01T00:00:00Z')).toMatchObject({
      bindings: [{ id: 'base' }],
      validUntil: '2026-04-01T00:00:00.000Z',
    });
    expect(day('2026-04-01T00:00:00Z')).toEqual({ bindings: [] });
  });

  test('warn in their grace, and bite at its end', () => {
    const { bindings, validUntil } = effective([
      { ...base, routine: 'other', graceUntil: '2026-03-10T00:00:00Z' },
    ]);
    expect(validUntil).toBe('2026-03-10T00:00:00.000Z');
    const facts = factsFromFragment({});
    const verdict = judge(facts, bindings, 'pull', now);
    expect(verdict).toMatchObject({
      outcome: 'warn',
      validUntil: '2026-03-10T00:00:00.000Z',
      reasons: [{ binding: 'base', eased: { by: 'grace', effect: 'hold', until: '2026-03-10T00:00:00Z' } }],
    });
    expect(judge(facts, bindings, 'pull', new Date(verdict.validUntil!)).outcome).toBe('hold');
  });

  test.each([
    [{ collection: 'absent' }, 'there is no collection absent here'],
    [{ routine: 'absent' }, 'the collection house 1.0.0 has no routine absent'],
    [{ parameters: { most: 'many' } }, 'the parameter most must be a whole number'],
    [{ overlays: 'absent' }, 'there is no binding absent here'],
  ])('that cannot be carried out are undecided, never nothing: %j', (fields, says) => {
    const { bindings } = effective([{ ...base, ...fields }]);
    const verdict = judge(factsFromFragment({ image: { kind: 'chart' } }), bindings, 'pull', now);
    expect(verdict).toMatchObject({ outcome: 'hold', decided: false });
    expect(verdict.reasons[0]?.message).toContain(says);
  });
});

describe('an overlay', () => {
  test('takes the place of what it overlays, where and while it is in force', () => {
    const over = { ...overlay, effect: 'deny', window: { until: '2026-03-05T00:00:00Z' } } as const;
    expect(idsOf([base, over])).toEqual(['over']);
    expect(idsOf([base, over], new Date('2026-03-05T00:00:00Z'))).toEqual(['base']);
    expect(idsOf([base, over], now, { ...repository, department: 'sales' })).toEqual(['base']);
    expect(idsOf([base, { ...over, purposes: ['deploy'] }])).toEqual(['base']);
  });

  test.each([
    [{ effect: 'warn' }, {}, 'effect: warn is weaker than hold'],
    [{ undecided: 'warn' }, {}, 'undecided: warn is weaker than hold'],
    [{}, { effect: 'hold', undecided: 'deny' }, 'undecided: hold is weaker than deny'],
    [{ graceUntil: '2026-04-01T00:00:00Z' }, {}, 'graceUntil: base has no grace'],
    [{ graceUntil: '2026-04-02T00:00:00Z' }, { graceUntil: '2026-04-01T00:00:00Z' }, 'ends after 2026-04-01'],
    [{ parameters: { most: 6 } }, {}, 'parameters.most: 6 is looser than 5'],
    [{ parameters: { level: 'high' } }, {}, 'parameters.level: "high" is looser than "medium"'],
    [{}, { parameters: { strict: true } }, 'parameters.strict: false is looser than true'],
    [{ parameters: { demanded: ['b'] } }, {}, 'parameters.demanded: ["b"] is looser than ["a"]'],
    [{ parameters: { allowed: ['x', 'z'] } }, {}, 'parameters.allowed: ["x","z"] is looser than ["x","y"]'],
    [{ parameters: { comment: 'other' } }, {}, 'does not say which way is stricter'],
    [{ routine: 'other' }, {}, 'it is for house/other, and base for house/few-layers'],
    [{ delegable: true }, {}, 'delegable: base is not'],
  ] as const)('that loosens is refused, and what it loosens is named: %j over %j', (fields, parent, says) => {
    expect(loosening(fields, parent)).toEqual([expect.stringContaining(says)]);
    expect(
      idsOf([
        { ...base, ...parent },
        { ...overlay, ...fields },
      ]),
    ).toContain('base');
  });

  test('names all that it loosens', () => {
    expect(loosening({ effect: 'warn', parameters: { most: 9, level: 'high' } })).toHaveLength(3);
  });

  test.each([
    [{ effect: 'deny' }, {}],
    [{ graceUntil: '2026-03-31T00:00:00Z' }, { graceUntil: '2026-04-01T00:00:00Z' }],
    [{}, { graceUntil: '2026-04-01T00:00:00Z' }],
    [{ parameters: { most: 4, level: 'low', strict: true, demanded: ['b', 'a'], allowed: ['y'] } }, {}],
    [{ effect: 'warn', parameters: { most: 100 }, graceUntil: '2027-01-01T00:00:00Z' }, { delegable: true }],
  ] as const)('that tightens, or overlays what is delegable, is taken: %j over %j', (fields, parent) => {
    expect(loosening(fields, parent)).toEqual([]);
    expect(
      idsOf([
        { ...base, ...parent },
        { ...overlay, ...fields },
      ]),
    ).toEqual(['over']);
  });

  test('does not turn what is delegable into another routine', () => {
    expect(loosening({ routine: 'other' }, { delegable: true })).toHaveLength(1);
  });

  test('of an overlay rests on that one, and circles are refused', () => {
    const second = { ...overlay, id: 'second', overlays: 'over', parameters: { most: 3 } };
    const first = { ...overlay, parameters: { most: 4 } };
    expect(mistakesInBindings([base, first, second], [collection])).toEqual([]);
    expect(idsOf([base, first, second])).toEqual(['second']);
    const circle = [{ ...overlay, overlays: 'second' }, second];
    expect(mistakesInBindings(circle, [collection]).map(({ what }) => what)).toEqual([
      expect.stringContaining('circle'),
      expect.stringContaining('circle'),
    ]);
    expect(effective(circle).bindings.map(({ mistake }) => mistake !== undefined)).toEqual([true, true]);
    const itself = { ...overlay, overlays: 'over' };
    expect(effective([itself]).bindings).toMatchObject([{ mistake: expect.stringContaining('circle') }]);
  });

  test('never loosens: with it, no image fares better than without', () => {
    const names = uniqueArray(constantFrom('a', 'b', 'x', 'y', 'z'), { maxLength: 4 });
    const parameters = record(
      {
        most: integer({ min: 3, max: 6 }),
        level: constantFrom('low', 'medium'),
        strict: boolean(),
        demanded: constantFrom(['a'], ['a', 'b']),
        allowed: constantFrom(['x', 'y'], ['x']),
      },
      { requiredKeys: [] },
    );
    const grace = option(
      constantFrom('2026-03-01T00:00:00Z', '2026-03-10T00:00:00Z', '2026-03-20T00:00:00Z'),
      { nil: undefined, freq: 1 },
    );
    const effect = constantFrom(...effects);
    const fields = record(
      {
        parameters,
        effect,
        undecided: option(effect, { nil: undefined, freq: 1 }),
        grace,
        delegable: constantFrom(false, false, true),
      },
      { requiredKeys: [] },
    ).map(({ grace: graceUntil, undecided, ...rest }) => ({
      ...rest,
      ...(undecided && { undecided }),
      ...(graceUntil && { graceUntil }),
    }));
    const facts = record({
      layers: integer({ min: 0, max: 9 }),
      size: constantFrom(1, 100),
      annotations: names,
    }).map(({ layers, size, annotations }) =>
      factsFromFragment({
        image: {
          layers: Array.from({ length: layers }, () => ({})),
          size,
          annotations: Object.fromEntries(annotations.map((name) => [name, ''])),
        },
      }),
    );
    const order = ['allow', ...effects];
    let taken = 0;
    assert(
      property(
        fields,
        fields,
        fields,
        facts,
        constantFrom(now, new Date('2026-03-15T00:00:00Z')),
        (below, above, top, of, at) => {
          // of three at random few fit together: the others differ from the first in something only
          const records = [
            { ...base, ...below, delegable: false },
            { ...overlay, ...below, ...above },
            { ...overlay, ...below, ...above, ...top, id: 'top', overlays: 'over' },
          ];
          if (mistakesInBindings(records, [collection]).length === 0) taken += 1;
          const without = judge(of, effective(records.slice(0, 1), at).bindings, 'pull', at);
          const withIt = judge(of, effective(records, at).bindings, 'pull', at);
          expect(order.indexOf(withIt.outcome)).toBeGreaterThanOrEqual(order.indexOf(without.outcome));
        },
      ),
      { numRuns: 3000 },
    );
    expect(taken).toBeGreaterThan(20);
  });
});

describe('a binding in any order', () => {
  test('gives the same verdict, byte for byte', () => {
    const many = Array.from({ length: 6 }, (_, index): BindingRecord => ({
      ...base,
      id: `b${index}`,
      routine: index % 2 === 0 ? 'few-layers' : 'other',
      parameters: index % 2 === 0 ? { most: index } : {},
      effect: effects[index % 3]!,
      ...(index === 3 && { graceUntil: '2026-03-10T00:00:00Z' }),
    }));
    const facts = factsFromFragment({ image: { layers: [{}, {}, {}], annotations: { a: '' } } });
    const text = (records: readonly BindingRecord[]) =>
      JSON.stringify(judge(facts, effective(records).bindings, 'pull', now));
    assert(
      property(shuffledSubarray(many, { minLength: 6 }), (shuffled) => {
        expect(text(shuffled)).toBe(text(many));
      }),
    );
  });
});

describe('a binding that is read', () => {
  test('names every mistake', () => {
    const wrong = {
      id: 'Not An Id',
      collection: 'house',
      routine: 7,
      scope: { repositories: [], classes: ['secret'], owners: [] },
      purposes: [],
      effect: 'explode',
      window: {
        from: '2026-03-01',
        weekly: [{ days: ['someday'], from: '8:00', until: '25:00' }],
        zone: 'Europe/Atlantis',
        pauses: [{ from: '2026-03-02T00:00:00Z', until: '2026-03-01T00:00:00Z' }, {}],
      },
    };
    const read = () => parseBinding(wrong);
    for (const says of [
      'id must be lower-case words',
      'routine must be a text',
      'scope.repositories must name at least one',
      'scope.classes[0] must be one of private, internal, public',
      'scope.owners is not known',
      'purposes must name at least one',
      'effect must be one of warn, hold, deny',
      'window.from must be a time with its zone',
      'window.weekly[0].days[0] must be one of mon',
      'window.weekly[0].from must be a time such as 08:30',
      'window.weekly[0].until must be a time such as 08:30',
      'window.zone must be a time zone such as Europe/Berlin',
      'window.pauses[0].until must be after',
      'window.pauses[1] needs from and until',
    ])
      expect(read).toThrow(says);
  });

  test('comes back as it was given', () => {
    const full: BindingRecord = {
      ...overlay,
      parameters: { most: 3 },
      undecided: 'deny',
      window: {
        from: '2026-03-01T00:00:00Z',
        until: '2026-04-01T00:00:00Z',
        weekly: [{ days: ['mon'], from: '08:00', until: '18:00' }],
        zone: 'Europe/Berlin',
        pauses: [{ from: '2026-03-02T00:00:00Z', until: '2026-03-03T00:00:00Z' }],
      },
      graceUntil: '2026-03-10T00:00:00Z',
      delegable: true,
      owner: 'alice',
      reason: 'because',
    };
    expect(parseBinding(JSON.parse(JSON.stringify(full)))).toEqual(full);
  });
});
