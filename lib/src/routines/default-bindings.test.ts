import { describe, expect, test } from 'vitest';
import { mistakesInBindings } from './check-bindings.ts';
import {
  defaultBindings,
  demandDefaultRoutines,
  strictestDefaults,
  type GatePolicy,
} from './default-bindings.ts';
import { effectiveBindings } from './effective-bindings.ts';
import { factsFromFragment } from './fact-fragment.ts';
import { judge } from './judge.ts';
import { parseBinding } from './read-records.ts';
import { unwaivable, type BindingRecord } from './records.ts';
import { loadStandardCollection } from './standard.ts';
import type { Purpose } from './verdict.ts';

const standard = loadStandardCollection();
const now = new Date('2026-03-04T12:00:00Z');
const holding: GatePolicy = { gate: 'hold', official: false, keysTrusted: true };
const policies: readonly GatePolicy[] = (['warn', 'hold'] as const).flatMap((gate) =>
  [true, false].flatMap((official) => [true, false].map((keysTrusted) => ({ gate, official, keysTrusted }))),
);

/** An overlay as a file of `wharf binding add` says it. */
function overlay(routine: string, fields: Partial<BindingRecord> = {}): BindingRecord {
  return parseBinding({
    id: 'mine',
    collection: 'standard',
    routine,
    scope: { repositories: ['team/**'] },
    purposes: ['pull'],
    effect: 'hold',
    overlays: `default/${routine}`,
    ...fields,
  });
}

function effective(
  records: readonly BindingRecord[],
  policy = holding,
  name = 'team/app',
  purpose: Purpose = 'pull',
) {
  const defaults = defaultBindings(policy, standard.name);
  return effectiveBindings(records, { name }, [standard], purpose, now, defaults).bindings;
}

function boundTo(routine: string, ...of: Parameters<typeof effective>): string[] {
  return effective(...of)
    .filter((binding) => binding.routine.name === routine)
    .map(({ id }) => id);
}

const fixable = factsFromFragment({
  image: { repository: 'team/app' },
  findings: [
    {
      advisory: 'CVE-1',
      package: 'zlib',
      fixedIn: '2',
      severity: 'high',
      vex: { status: 'not_affected', by: 'ci' },
    },
  ],
});

describe('the default bindings', () => {
  test('are called by names that no record can have', () => {
    for (const { id } of strictestDefaults('standard')) {
      expect(id).toMatch(/^default\//);
      expect(() => parseBinding({ ...overlay('signed'), overlays: undefined, id })).toThrow(/id must be/);
    }
  });

  test('name themselves in the reasons of a verdict', () => {
    const { reasons } = judge(fixable, effective([]), 'pull', now);
    expect(reasons.map(({ routine, binding }) => [routine, binding])).toContainEqual([
      'no-fixable-vulnerabilities',
      'default/no-fixable-vulnerabilities',
    ]);
  });

  test('have routines of the collection that is first', () => {
    demandDefaultRoutines(standard);
    const without = { ...standard, routines: standard.routines.filter(({ name }) => name !== 'signed') };
    expect(() => demandDefaultRoutines(without)).toThrow(/has no routine signed/);
  });
});

describe('an overlay of a default binding', () => {
  test('takes its place in its scope and for its purposes, and nowhere else', () => {
    const records = [overlay('no-fixable-vulnerabilities', { parameters: { vexBy: ['ci'] } })];
    const routine = 'no-fixable-vulnerabilities';
    expect(boundTo(routine, records)).toEqual(['mine']);
    expect(boundTo(routine, records, holding, 'other/app')).toEqual([`default/${routine}`]);
    expect(boundTo(routine, records, holding, 'team/app', 'deploy')).toEqual([`default/${routine}`]);
    expect(effective(records)).toHaveLength(effective([]).length);
  });

  test('lets a VEX statement count, which a binding beside the default one does not', () => {
    const told = overlay('no-fixable-vulnerabilities', { parameters: { vexBy: ['ci'] } });
    const { overlays: _, ...beside } = told;
    const reasonsBy = (record: BindingRecord): string[] =>
      judge(fixable, effective([record]), 'pull', now).reasons.map(({ routine }) => routine);
    expect(reasonsBy(beside)).toContain('no-fixable-vulnerabilities');
    expect(reasonsBy(told)).not.toContain('no-fixable-vulnerabilities');
  });

  const looser = (routine: string) => overlay(routine, { effect: 'warn', undecided: 'warn' });
  const names = strictestDefaults('standard').map(({ routine }) => routine);

  test.each(names.filter((name) => !unwaivable.has(name)))(
    'may loosen %s, from which a waiver may excuse',
    (routine) => {
      expect(mistakesInBindings([looser(routine)], [standard])).toEqual([]);
      for (const policy of policies) expect(boundTo(routine, [looser(routine)], policy)).toEqual(['mine']);
    },
  );

  test.each([...unwaivable])('may not loosen %s, from which nobody can be excused', (routine) => {
    expect(names).toContain(routine);
    const mistakes = mistakesInBindings([looser(routine)], [standard]).map(({ what }) => what);
    expect(mistakes).toEqual(
      ['effect', 'undecided'].map(
        (field) =>
          `would loosen default/${routine}, which is not delegable: ${field}: warn is weaker than hold`,
      ),
    );
    for (const policy of policies) {
      expect(boundTo(routine, [looser(routine)], policy)).toEqual([`default/${routine}`, 'mine']);
      const mine = effective([looser(routine)], policy).find(({ id }) => id === 'mine');
      expect(mine?.mistake).toContain(mistakes[0]);
    }
  });

  test('may tighten those that may not be loosened', () => {
    const stricter = overlay('not-malicious', { effect: 'deny' });
    expect(mistakesInBindings([stricter], [standard])).toEqual([]);
    for (const policy of policies) expect(boundTo('not-malicious', [stricter], policy)).toEqual(['mine']);
  });

  test('counts as well where the gate binds nothing', () => {
    const policy = { gate: 'warn', official: false, keysTrusted: false } as const;
    expect(boundTo('signed', [], policy)).toEqual([]);
    expect(boundTo('signed', [overlay('signed')], policy)).toEqual(['mine']);
  });

  test('is refused where no such binding is, or it is for another routine', () => {
    const mistakesIn = (record: BindingRecord) =>
      mistakesInBindings([record], [standard]).map(({ what }) => what);
    expect(mistakesIn(overlay('maximum-size'))).toEqual(['there is no binding default/maximum-size here']);
    expect(mistakesIn(overlay('non-root', { overlays: 'default/signed' }))).toEqual([
      'it is for standard/non-root, and default/signed for standard/signed',
    ]);
    for (const overlays of ['default/', 'Default/signed', 'other/signed', 'default/signed/x', '/signed'])
      expect(() => overlay('signed', { overlays })).toThrow(/overlays must be the id of a binding/);
  });

  test('cannot hand on what it may not do', () => {
    const between = overlay('not-malicious', { id: 'between', effect: 'deny' });
    const looser = overlay('not-malicious', { overlays: 'between', effect: 'warn' });
    expect(mistakesInBindings([between, looser], [standard])).toHaveLength(1);
    expect(
      mistakesInBindings([{ ...between, delegable: true }, looser], [standard]).map(({ what }) => what),
    ).toEqual([expect.stringContaining('delegable: default/not-malicious is not')]);
  });
});
