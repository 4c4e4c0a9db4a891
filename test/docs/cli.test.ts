import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createProgram } from '../../server/src/cli/program.ts';

const file = join(import.meta.dirname, '../../docs/reference/cli.md');

const introduction = `# Commands

\`wharf\` checks container images, and runs the registry that does so by itself. In a checkout it is \`npm run -s wharf --\`.

Every command takes \`--json\` ([shapes](cli-json.md)), \`--no-color\` (as does the variable NO_COLOR) and \`--plain-http\`. Failures go to standard
error, with what to do about them.

| exit code | meaning |
|---|---|
| 0 | done, or allowed; warnings too |
| 1 | failed |
| 2 | wrong usage |
| 3 | held or denied |
| 4 | could not be decided |

Logins are those of docker: \`$DOCKER_CONFIG/config.json\`, else \`~/.docker/config.json\`, and the credential helpers named there. Registries on this
machine are spoken to without TLS, others with TLS unless \`--plain-http\` is given.

This file is made from the command tree by \`vitest run test/docs -u\`; a test fails when it is out of date.
`;

type Command = ReturnType<typeof createProgram>;

const cell = (text: string) => text.replaceAll('|', String.raw`\|`);

/** Text outside of code, where < would begin a tag. */
const prose = (text: string) => cell(text).replaceAll('<', '&lt;');

/** A command and those below it, as Markdown. */
function describe(command: Command, path: string): string[] {
  const help = command.createHelp();
  const name = `${path} ${command.name()}`;
  const own = help.visibleOptions(command).filter(({ long }) => long !== '--help');
  const terms = [
    ...help.visibleArguments(command).map((argument) => {
      const initial =
        argument.defaultValue === undefined ? '' : ` (default: ${String(argument.defaultValue)})`;
      return `| \`${help.argumentTerm(argument)}\` | ${prose(argument.description + initial)} |`;
    }),
    ...own.map((option) => `| \`${cell(option.flags)}\` | ${prose(help.optionDescription(option))} |`),
  ];
  const table = terms.length === 0 ? [] : ['| | |', '|---|---|', ...terms, ''];
  const usage = help.commandUsage(command).replace(' [command]', '');
  const isGroup = command.commands.length > 0 && command.registeredArguments.length === 0;
  return [
    `## ${name}`,
    '',
    prose(command.description() || command.summary()),
    '',
    ...(isGroup ? [] : [`    ${usage}`, '']),
    ...table,
    ...command.commands.flatMap((child) => describe(child, name)),
  ];
}

it('the reference of JSON names every command that has a result', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/reference/cli-json.md'), 'utf8');
  const leaves = (command: Command, path: string): string[] => [
    ...(command.registeredArguments.length > 0 || command.commands.length === 0 ? [path] : []),
    ...command.commands.flatMap((child) => leaves(child, `${path} ${child.name()}`)),
  ];
  const commands = createProgram(() => async () => {}).commands.flatMap((command) =>
    leaves(command, command.name()),
  );
  expect(commands).toContain('tags rollback');
  expect(commands.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});

it('the reference of commands lists the command tree', async () => {
  const program = createProgram(() => async () => {});
  const sections = program.commands
    .toSorted((a, b) => (a.name() < b.name() ? -1 : 1))
    .flatMap((command) => describe(command, 'wharf'));
  await expect(`${introduction}\n${sections.join('\n').trimEnd()}\n`).toMatchFileSnapshot(file);
});
