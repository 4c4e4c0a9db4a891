import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('the list of decisions has each of them, by its title', () => {
  const folder = join(import.meta.dirname, '../../docs/decisions');
  const list = readFileSync(join(folder, 'README.md'), 'utf8');
  const records = readdirSync(folder).filter((name) => /^\d{4}-.*\.md$/.test(name));
  expect(records.length).toBeGreaterThan(5);
  for (const name of records) {
    const [title] = readFileSync(join(folder, name), 'utf8').split('\n', 1);
    expect(list).toContain(`- [${title!.slice(2)}](${name})`);
  }
});
