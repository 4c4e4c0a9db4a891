import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startThread } from './sqlite-thread.ts';

test('what cannot be sent fails by itself, and not what is asked at the same moment', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wharfinger-thread-'));
  const thread = await startThread({ role: 'writer', file: join(folder, 'test.db') });
  try {
    const ask = (parameter: unknown) =>
      thread.send({ kind: 'run', sql: 'select ? as n', parameters: [parameter] });
    const [before, wrong, after] = await Promise.allSettled([ask(1), ask(() => 1), ask(2)]);
    expect(before).toMatchObject({ value: { rows: [{ n: 1 }] } });
    expect(wrong).toMatchObject({ status: 'rejected' });
    expect(after).toMatchObject({ value: { rows: [{ n: 2 }] } });
    expect(thread.isBusy()).toBe(false);
  } finally {
    await thread.close();
    await rm(folder, { recursive: true });
  }
});
