import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lacksTools } from '../requirements.ts';
import { openAdmissions, toldOf, type Admission, type Told } from './admissions.ts';
import { runReal, type RealAdmissions } from './real-admissions.ts';
import { openSetting, platform, type Setting } from './setting.ts';
import { realCommandLine, surfaces, type Answer, type Surface } from './surfaces.ts';

/** Processes take their time: away from CI a part of the cases shows the same. */
const everyNth = process.env['CI'] === undefined ? 40 : 16;

describe.skipIf(lacksTools(['docker-registry']))('one verdict', () => {
  let setting: Setting;
  let admissions: Readonly<Record<string, Admission>>;
  const outcomes = new Map<string, string>();

  beforeAll(async () => {
    setting = await openSetting();
    admissions = await openAdmissions(setting);
  }, 1_800_000);
  afterAll(() => setting?.close());

  const [first, ...others] = Object.entries(surfaces) as [[string, Surface], ...Array<[string, Surface]>];

  /** What the registry answers; every other surface must answer the same. */
  async function agreed(...asked: [string, 'pull' | 'deploy', string?]): Promise<Answer> {
    const expected = await first[1](setting, ...asked);
    for (const [name, ask] of others)
      expect({ [name]: await ask(setting, ...asked) }).toEqual({ [name]: expected });
    return expected;
  }

  test('there are cases enough, of every kind', () => {
    const kinds = Map.groupBy(setting.cases.keys(), (repository) => repository.split('/')[0]!.split('-')[0]);
    expect(setting.cases.size).toBeGreaterThanOrEqual(300);
    expect([...kinds.keys()].map(String).sort((a, b) => (a < b ? -1 : 1))).toEqual([
      'attested',
      'built',
      'certified',
      'exceptions',
      'hold',
      'indexes',
      'keyless',
      'official',
      'probed',
      'prod',
      'said',
      'warn',
    ]);
  });

  // first, while the clocks of these programs still agree with the one that was stopped
  test('is that of the real programs', async () => {
    const real: RealAdmissions = await runReal(setting);
    await using _ = real;
    const some = [...setting.cases.values()].filter((_one, index) => index % everyNth === 0);
    for (const one of some) {
      const { repository } = one;
      const pull = await first[1](setting, repository, 'pull');
      expect({ [repository]: await realCommandLine(setting, repository) }).toEqual({ [repository]: pull });
      const told = toldOf(one, await first[1](setting, repository, 'deploy', platform));
      for (const [name, ask] of Object.entries(real.admissions))
        expect({ [`${name} ${repository}`]: uncut(await ask(one), told) }).toEqual({
          [`${name} ${repository}`]: told,
        });
    }
  });

  test('is that of registry, decision API, library and command line, by what it is to be used for', async () => {
    await inTurn(async ({ repository, outcome }) => {
      const { verdict } = await agreed(repository, 'pull');
      outcomes.set(repository, verdict.outcome);
      const wanted = outcome ?? verdict.outcome;
      expect({ [repository]: verdict.outcome }).toEqual({ [repository]: wanted });
      const serves = verdict.outcome === 'allow' || verdict.outcome === 'warn';
      expect({ [repository]: await setting.isServed(repository) }).toEqual({ [repository]: serves });
    });
  });

  test('is that of webhook and node verifier, in the same words', async () => {
    let count = 0;
    await inTurn(async (one) => {
      const asked = [one.repository, 'deploy', platform] as const;
      const isSome = (count += 1) % 4 === 0;
      const told = toldOf(one, await (isSome ? agreed(...asked) : first[1](setting, ...asked)));
      for (const [name, ask] of Object.entries(admissions))
        expect({ [`${name} ${one.repository}`]: await ask(one) }).toEqual({
          [`${name} ${one.repository}`]: told,
        });
    });
  });

  test('is of every outcome in the cases', () => {
    expect(new Set(outcomes.values())).toEqual(new Set(['allow', 'warn', 'hold', 'deny']));
  });

  /** Four at a time. Each case that fails is told, not the first alone. */
  async function inTurn(check: (one: Parameters<Admission>[0]) => Promise<void>): Promise<void> {
    const failures: string[] = [];
    const left = setting.cases.values();
    const worker = async (): Promise<void> => {
      for (const one of left)
        await check(one).catch((error: unknown) => {
          failures.push(`${one.repository}: ${(error as Error).message}`);
        });
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
    if (failures.length > 0)
      throw new Error(`${failures.length} cases differ:\n${failures.slice(0, 10).join('\n\n')}`);
  }
});

/** API servers take short warnings alone: what was cut is taken for the whole, if it begins like that. */
function uncut(told: Told, whole: Told): Told {
  const isCut = told.outcome === 'allowed' && whole.said.startsWith(told.said.slice(0, 60));
  return isCut ? { ...told, said: whole.said } : told;
}
