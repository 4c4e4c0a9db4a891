import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeError, errorCodes } from '@wharfinger/lib/errors';

const file = join(import.meta.dirname, '../../docs/reference/errors.md');

const introduction = `# Errors

Every failure has one of these codes, in the answers of the API, in the log and in \`wharf --json\`. Registry clients see
the OCI code of the distribution specification in its place; the message and the remedy are the same.

This file is made from \`lib/src/errors/\` by \`vitest run test/docs -u\`; a test fails when it is out of date.
`;

/** Fills the cells of a Markdown table. */
function row(cells: readonly (string | number)[]): string {
  return `| ${cells
    .map((cell) =>
      String(cell)
        .replaceAll('|', String.raw`\|`)
        .replaceAll('<', '&lt;'),
    )
    .join(' | ')} |`;
}

it('the reference of errors lists what the table has', async () => {
  const rows = errorCodes.map((code) => {
    const { status, oci, message, remedy } = describeError(code);
    return row([`\`${code}\``, status, oci === undefined ? '' : `\`${oci}\``, message, remedy]);
  });
  const head = [
    row(['code', 'HTTP status', 'OCI code', 'what it says', 'what to do']),
    '|---|---|---|---|---|',
  ];
  const text = `${introduction}\n${[...head, ...rows].join('\n')}\n`;
  await expect(text).toMatchFileSnapshot(file);
});
