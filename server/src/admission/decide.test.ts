import { describe, expect, it } from 'vitest';
import { setTimeout as pause } from 'node:timers/promises';
import { isWharfingerError } from '@wharfinger/lib/errors';
import { decided, digestA, digestB, judgeBy } from './admission.fixtures.ts';
import type { Judge } from './decision.ts';
import { makeDecider, noCounts, type Decide } from './decide.ts';
import { makeDecisionMemory } from './decision-memory.ts';
import { makeLimit } from './limit.ts';

let time = Date.parse('2026-01-01T00:00:00Z');
const now = (): number => time;

function decider(judge: Judge, hosts = ['r.example'], limit = makeLimit(4, 100), lookup = 60_000) {
  const count = noCounts();
  const judges = new Map(hosts.map((host) => [host, judge]));
  const memory = makeDecisionMemory(100, 30_000, now);
  return { count, decide: makeDecider({ judges, memory, limit, lookup, now, count }) };
}

const codeOf = (decide: Decide, image: string, budget = 5000): Promise<string> =>
  decide(image, budget).then(
    () => 'decided',
    (error: unknown) => (isWharfingerError(error) ? error.code : String(error)),
  );

const image = `r.example/app@${digestA}`;

describe('the decider', () => {
  it('looks the same question up once for all who ask at the same time, and remembers the answer', async () => {
    const judge = judgeBy(async () => {
      await pause(5);
      return decided();
    });
    const { decide, count } = decider(judge);
    await Promise.all(Array.from({ length: 200 }, () => decide('r.example/app:1', 5000)));
    await decide('r.example/app:1', 5000);
    await decide(`r.example/app:other@${digestA}`, 5000);
    expect(judge.asked).toEqual(['app 1']);
    expect(count).toEqual({ asked: 202, remembered: 2, shared: 199, lookups: 1, failures: 0 });
  });

  it('takes no answer of one repository for another', async () => {
    const judge = judgeBy(async () => decided());
    const { decide } = decider(judge, ['*']);
    for (const name of ['r.example/a', 'r.example/b', 's.example/a'])
      await decide(`${name}@${digestA}`, 5000);
    expect(judge.asked).toHaveLength(3);
  });

  it('forgets what has expired, whatever can be asked then', async () => {
    let down = false;
    const judge = judgeBy(async () => {
      if (down) throw new Error('down');
      return decided({ validUntil: new Date(time + 1000).toISOString() });
    });
    const { decide } = decider(judge);
    await decide(image, 5000);
    down = true;
    expect(await codeOf(decide, image)).toBe('decided');
    time += 1000;
    expect(await codeOf(decide, image)).toBe('Error: down');
    time -= 5000;
    expect(await codeOf(decide, image)).toBe('Error: down');
  });

  it('keeps a decision no longer than it may, however long its verdict holds', async () => {
    const judge = judgeBy(async () => decided());
    const { decide } = decider(judge);
    await decide(image, 5000);
    time += 29_999;
    await decide(image, 5000);
    expect(judge.asked).toHaveLength(1);
    time += 1;
    await decide(image, 5000);
    expect(judge.asked).toHaveLength(2);
  });

  it('keeps tags and refusals for two seconds only', async () => {
    const judge = judgeBy(async ({ tag }) => decided({ outcome: tag === undefined ? 'hold' : 'allow' }));
    const { decide } = decider(judge);
    for (const one of ['r.example/app:1', `r.example/app@${digestB}`]) {
      const before = judge.asked.length;
      await codeOf(decide, one);
      await codeOf(decide, one);
      time += 2000;
      await codeOf(decide, one);
      expect(judge.asked.length - before).toBeGreaterThanOrEqual(2);
    }
  });

  it('forgets all at once when what is judged by changes', async () => {
    let version = 'one';
    const judge = judgeBy(
      async () => decided({ judgedBy: version }),
      () => Promise.resolve(version),
    );
    const { decide } = decider(judge);
    await decide(image, 5000);
    version = 'two';
    await decide(image, 5000);
    await decide(image, 5000);
    expect(judge.asked).toHaveLength(2);
  });

  it('takes nothing for judged by the new rules that was judged by the old ones meanwhile', async () => {
    let version = 'one';
    const judge = judgeBy(
      async () => {
        version = 'two';
        return decided({ judgedBy: 'one' });
      },
      () => Promise.resolve(version),
    );
    const { decide } = decider(judge);
    await decide(image, 5000);
    await decide(image, 5000);
    expect(judge.asked).toHaveLength(2);
  });

  it('decides nothing by rules that cannot be read', async () => {
    const judge = judgeBy(
      async () => decided(),
      () => Promise.reject(new Error('no rules')),
    );
    expect(await codeOf(decider(judge).decide, image)).toBe('Error: no rules');
    expect(judge.asked).toEqual([]);
  });

  it('remembers no failure', async () => {
    let fails = true;
    const judge = judgeBy(async () => {
      if (fails) throw new Error('down');
      return decided();
    });
    const { decide, count } = decider(judge);
    expect(await codeOf(decide, image)).toBe('Error: down');
    fails = false;
    expect(await codeOf(decide, image)).toBe('decided');
    expect(count.failures).toBe(1);
  });

  it('waits no longer than the budget, and has the answer for who asks next', async () => {
    let answer = (): void => {};
    const judge = judgeBy(
      () =>
        new Promise((resolve) => {
          answer = () => resolve(decided());
        }),
    );
    const { decide } = decider(judge);
    expect(await codeOf(decide, image, 10)).toBe('DECISION_LATE');
    answer();
    expect(await codeOf(decide, image)).toBe('decided');
    expect(judge.asked).toHaveLength(1);
  });

  it('ends look-ups that take too long', async () => {
    const judge = judgeBy((_, signal) => pause(60_000, decided(), { signal }));
    const { decide } = decider(judge, ['r.example'], makeLimit(4, 100), 20);
    expect(await codeOf(decide, image)).toBe('DECISION_LATE');
  });

  it('bounds the look-ups that run and those that wait', async () => {
    let running = 0;
    let most = 0;
    const judge = judgeBy(async () => {
      running += 1;
      most = Math.max(most, running);
      await pause(5);
      running -= 1;
      return decided();
    });
    const { decide } = decider(judge, ['r.example'], makeLimit(3, 10));
    const codes = await Promise.all(
      Array.from({ length: 20 }, (_, index) => codeOf(decide, `r.example/app-${index}@${digestA}`)),
    );
    expect(most).toBe(3);
    expect(codes.filter((code) => code === 'decided')).toHaveLength(13);
    expect(codes.filter((code) => code === 'TOO_MANY_REQUESTS')).toHaveLength(7);
  });

  it.each([
    ['a host that is not listed', 'other.example/app:1', 'REGISTRY_NOT_LISTED'],
    ['Docker Hub where it is not listed', 'nginx', 'REGISTRY_NOT_LISTED'],
    ['a name that is none', 'r.example/App Name', 'REFERENCE_INVALID'],
    ['a name with a line end', 'r.example/app:1\n', 'REFERENCE_INVALID'],
    ['another digest than was asked for', `r.example/app@${digestB}`, 'REMOTE_FAILED'],
  ])('refuses %s', async (_, asked, code) => {
    expect(await codeOf(decider(judgeBy(async () => decided())).decide, asked)).toBe(code);
  });

  it.each(['not a time', '2020-01-01T00:00:00Z'])(
    'refuses a decision that holds until %s',
    async (validUntil) => {
      const { decide } = decider(judgeBy(async () => decided({ validUntil })));
      expect(await codeOf(decide, image)).toBe('DECISION_LATE');
    },
  );

  it('knows hosts in any case, and both names of Docker Hub', async () => {
    const judge = judgeBy(async () => decided());
    const { decide } = decider(judge, ['r.example', 'docker.io']);
    for (const name of ['R.Example/app:1', 'nginx:1', 'index.docker.io/library/nginx:1']) {
      expect(await codeOf(decide, name)).toBe('decided');
    }
    expect(judge.asked).toEqual(['app 1', 'library/nginx 1']);
  });
});
