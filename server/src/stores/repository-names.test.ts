import { expect, test } from 'vitest';
import { testDatabases } from '../db/testing/databases.ts';
import { newSeen, rememberRepositoryNames } from './repository-names.ts';

test.each(testDatabases)(
  'on $name rights are asked about each repository once, those that come later too, and anew for other rights',
  async (kind) => {
    const opened = await kind.open();
    const { db } = opened;
    const add = async (...names: string[]) => {
      const rows = names.map((name) => ({ name, created_at: 0 }));
      const made = await db.insertInto('repositories').values(rows).returning(['id', 'name']).execute();
      return new Map(made.map(({ id, name }) => [name, id]));
    };
    const first = await add('team/a', 'other/b', 'team/c');
    const names = rememberRepositoryNames(db);
    const asked: string[] = [];
    const teams = (name: string) => {
      asked.push(name);
      return name.startsWith('team/');
    };
    const before = newSeen();
    const teamKeys = ['team/a', 'team/c'].map((name) => first.get(name));
    expect(new Set(await names.seen(teams, before))).toEqual(new Set(teamKeys));
    await names.seen(teams, before);
    expect(asked.toSorted()).toEqual(['other/b', 'team/a', 'team/c']);

    const later = await add('team/d', 'other/e');
    const keys = new Set([...teamKeys, later.get('team/d')]);
    expect(new Set(await names.seen(teams, before))).toEqual(keys);
    expect(asked.slice(3).toSorted()).toEqual(['other/e', 'team/d']);
    // nothing is remembered of who brings nothing along
    expect(new Set(await names.seen(teams))).toEqual(keys);
    expect(asked).toHaveLength(10);

    expect(await names.seen(() => true, newSeen())).toBeUndefined();
    expect(await names.seen(() => false, newSeen())).toEqual([]);
    await opened.close();
  },
);
