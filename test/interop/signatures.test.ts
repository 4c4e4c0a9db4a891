import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lacksTools } from '../requirements.ts';
import { keySections } from './signatures/keys.ts';
import { gapFor, sectionText } from './signatures/table.ts';

const file = join(import.meta.dirname, '../../docs/reference/interop.md');

const introduction = `# Who verifies whose signatures

Each row was made, and each column verified it, by the real programs: \`wharf\` is this version, the others are those that its tests run.
What a tool cannot do is numbered, and a test asserts that it still cannot.

This file is made by \`vitest run test/interop/signatures -u\`; a test fails when it is out of date.
`;

describe.skipIf(lacksTools(['docker-registry', 'cosign2', 'cosign3']))('signatures and attestations', () => {
  it('are verified by everybody, but for the known gaps of tools', async () => {
    const sections = await keySections();
    const unexplained = sections.flatMap(({ title, rows, gaps }) =>
      rows.flatMap((row) =>
        Object.entries(row.verdicts).flatMap(([verifier, verdict]) => {
          const gap = gapFor(gaps, verifier, row);
          const expected = gap === undefined ? verdict === true : verdict !== true && gap.says.test(verdict);
          return expected
            ? []
            : [[title, row.by, row.format, row.key, verifier, String(verdict).slice(-400)]];
        }),
      ),
    );
    expect(unexplained).toEqual([]);
    const text = [introduction, ...sections.map(sectionText)].join('\n');
    await expect(text).toMatchFileSnapshot(file);
  });
});
