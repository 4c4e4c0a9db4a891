import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lacksTools } from '../requirements.ts';
import { keylessSections } from './signatures/keyless.ts';
import { keySections } from './signatures/keys.ts';
import { notationSection, refusalOfEd25519 } from './signatures/notation.ts';
import { openSetting } from './signatures/place.ts';
import { gapFor, sectionText } from './signatures/table.ts';

const file = join(import.meta.dirname, '../../docs/reference/interop.md');

const introduction = `# Who verifies whose signatures

Each row was made, and each column verified it, by the real programs: \`wharf\` is this version, the others are those that its tests run.
What a tool cannot do is numbered, and a test asserts that it still cannot.

This file is made by \`vitest run test/interop/signatures -u\`; a test fails when it is out of date.
`;

describe.skipIf(lacksTools(['docker-registry', 'cosign2', 'cosign3', 'notation']))(
  'signatures and attestations',
  () => {
    it('are verified by everybody, but for the known gaps of tools', { timeout: 600_000 }, async () => {
      await using setting = await openSetting();
      const sections = [
        ...(await keySections(setting)),
        ...(await keylessSections(setting)),
        await notationSection(setting),
      ];
      expect(await refusalOfEd25519(setting)).toMatch(/Ed25519|ed25519/);
      const unexplained = sections.flatMap(({ title, rows, gaps }) =>
        rows.flatMap((row) =>
          Object.entries(row.verdicts).flatMap(([verifier, verdict]) => {
            const gap = gapFor(gaps, verifier, row);
            const expected =
              gap === undefined ? verdict === true : verdict !== true && gap.says.test(verdict);
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
  },
);
