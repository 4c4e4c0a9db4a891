import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createProgram } from '../../server/src/cli/program.ts';

const root = join(import.meta.dirname, '../..');
/** Made of the command tree itself. */
const reference = 'docs/reference/cli.md';
const paths = ['README.md', ...globSync('docs/**/*.md', { cwd: root })].filter((path) => path !== reference);
const documents = paths.map((path) => {
  const text = readFileSync(join(root, path), 'utf8');
  return { path, commands: commandsIn(text), mentioned: mentionedIn(text) };
});

/** Calls of `wharf` in indented lines and in blocks of code, without what the shell does with them. */
function commandsIn(text: string): string[][] {
  const lines = text.replaceAll('\\\n', ' ').split('\n');
  let isCode = false;
  return lines.flatMap((line) => {
    if (line.startsWith('```')) isCode = !isCode;
    if (!isCode && !line.startsWith('    ')) return [];
    const found = /^\s*(?:.*(?:[|;&]|\$\()\s*)?(?:\w+=\S+ )*wharf ((?![.…]).*)$/.exec(line)?.[1];
    return found === undefined ? [] : [wordsOf(found)];
  });
}

/** What running text calls: commands with some of their arguments, or none. */
function mentionedIn(text: string): string[][] {
  const prose = text.replaceAll(/^(?:```[^]*?^```| {4}.*)$/gm, '');
  return [...prose.matchAll(/(?<!`)`wharf ((?!…)[^`]*)`/g)].map(([, words]) =>
    wordsOf(words!.replaceAll('\n', ' ')),
  );
}

/** Words as a shell has them, up to a comment, a pipe, a redirection or the next command. */
function wordsOf(command: string): string[] {
  const words: string[] = [];
  for (const [word] of command.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)) {
    if (/^(?:#|[|;&]|\d?[<>])/.test(word)) break;
    words.push(word.replaceAll(/'([^']*)'|"([^"]*)"/g, '$1$2').replace(/\)$/, ''));
  }
  return words;
}

test('calls of wharf are found in the guides', () => {
  expect(documents.flatMap(({ commands }) => commands).length).toBeGreaterThan(150);
});

/** What is wrong with the use of a command; undefined: nothing. */
async function mistakeOf(words: readonly string[]): Promise<{ code?: string; message: string } | undefined> {
  let isRun = false;
  const program = createProgram(() => async () => void (isRun = true));
  return program.parseAsync(['node', 'wharf', ...words]).then(
    () => (isRun ? undefined : { message: 'it runs nothing' }),
    (error: unknown) => error as { code?: string; message: string },
  );
}

test.each(documents)('$path names commands, arguments and options that there are', async (document) => {
  const mistakes: string[] = [];
  const note = async (words: readonly string[], isLeftOut: (code: string) => boolean): Promise<void> => {
    const mistake = await mistakeOf(words);
    if (mistake && !isLeftOut(mistake.code ?? ''))
      mistakes.push(`wharf ${words.join(' ')}: ${mistake.message}`);
  };
  for (const words of document.commands) await note(words, () => false);
  for (const words of document.mentioned)
    await note(words, (code) => !['commander.unknownOption', 'commander.unknownCommand'].includes(code));
  expect(mistakes).toEqual([]);
});
