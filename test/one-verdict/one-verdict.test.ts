import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lacksTools } from '../requirements.ts';
import { cases } from './cases.ts';
import { openSetting, type Setting } from './setting.ts';
import { surfaces, type Answer } from './surfaces.ts';

/** The command line starts a process for each image: away from CI a part of the cases shows the same. */
const everyNth = process.env['CI'] === undefined ? 8 : 1;

let setting: Setting;

describe.skipIf(lacksTools(['docker-registry']))('one verdict', () => {
  beforeAll(async () => {
    setting = await openSetting();
  }, 600_000);
  afterAll(() => setting?.close());

  test('there are cases enough', () => {
    expect(cases.length).toBeGreaterThanOrEqual(200);
    expect(new Set(cases.map(({ repository }) => repository)).size).toBe(cases.length);
  });

  test.each(cases.map((one, index) => ({ ...one, index })))('$repository', async ({ repository, index }) => {
    const asked = Object.entries(surfaces).filter(
      ([name]) => name !== 'command line' || index % everyNth === 0,
    );
    const answers: Record<string, Answer> = Object.fromEntries(
      await Promise.all(asked.map(async ([name, ask]) => [name, await ask(setting, repository)] as const)),
    );
    const [first, ...others] = Object.keys(answers);
    for (const other of others) expect({ [other]: answers[other] }).toEqual({ [other]: answers[first!] });
    const { outcome } = answers[first!]!;
    expect(await setting.isServed(repository)).toBe(outcome === 'allow' || outcome === 'warn');
  });

  test('the cases come to every outcome', async () => {
    const outcomes = new Set<string>();
    for (const { repository } of cases.slice(0, 120))
      outcomes.add((await surfaces['registry']!(setting, repository)).outcome);
    expect([...outcomes].sort()).toEqual(['deny', 'hold', 'warn']);
  });
});
