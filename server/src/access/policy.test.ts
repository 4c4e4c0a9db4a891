import { bindAll } from '@wharfinger/lib/routines/replay';
import { loadStandardCollection } from '@wharfinger/lib/routines/standard';
import { expect, test } from 'vitest';
import { loadConfig } from '../config/load.ts';
import { createPolicy } from './policy.ts';

test('repositories that are judged by the same have one list of bindings, others have their own', async () => {
  const collection = loadStandardCollection();
  const [everywhere, ...others] = bindAll(collection, undefined, 'warn');
  const here = { ...others[0]!, scope: { repositories: ['one/**'] } };
  const policy = createPolicy(await loadConfig({}), collection, { bindings: [everywhere!, here] });
  const now = new Date('2026-01-01T00:00:00Z');
  const bindingsOf = (repository: string) => policy.rulesFor(repository, 'pull', now).bindings;
  expect(bindingsOf('two/a')).toBe(bindingsOf('two/b'));
  expect(bindingsOf('one/a')).toBe(bindingsOf('one/b'));
  const idsOf = (repository: string) => bindingsOf(repository).map(({ id }) => id);
  expect(idsOf('one/a').filter((id) => !idsOf('two/a').includes(id))).toEqual([here.id]);
});
