import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { calledCommand, loadedAlone } from './one-command.ts';
import { programWith } from './program-with.ts';
import { createProgram } from './program.ts';
import { inFolder, wharf } from './wharf.fixtures.ts';

const program = createProgram(() => async () => {});

describe('wharf', () => {
  it('explains itself, and each of its commands', async () => {
    const { code, output } = await wharf(['--help']);
    expect(code).toBe(0);
    for (const command of program.commands) expect(output).toContain(`\n  ${command.name()} `);
    expect((await wharf([])).code).toBe(2);
    expect((await wharf(['tags', '--help'])).output).toMatch(/Examples:\n {2}wharf tags /);
  });

  it.each(loadedAlone)('shows %s the same where it is loaded alone', async (name) => {
    const called = await calledCommand(['--json', name, '--help']);
    const alone = programWith([called!], () => async () => {});
    const [one, other] = [alone, program].map(({ commands }) =>
      commands.find((found) => found.name() === name),
    );
    expect(one?.helpInformation()).toBe(other!.helpInformation());
  });

  it.each([
    [[] as string[]],
    [['--help', 'ls']],
    [['help', 'ls']],
    [['completion']],
    [['constructor']],
    [['verdikt']],
  ])('loads all commands for %j', async (words) => {
    expect(await calledCommand(words)).toBeUndefined();
  });

  it('says what was meant', async () => {
    const { code, error } = await wharf(['verdikt', 'x']);
    expect(code).toBe(2);
    expect(error).toMatch(/unknown command 'verdikt'\n.*Did you mean verdict\?/);
  });

  it.each([
    [['ls', '--no-such'], /unknown option '--no-such'/],
    [['hold', 'localhost:5000/a:1'], /--reason/],
    [['ls', 'https://localhost:5000'], /not the host of a registry/],
    [['tags', 'localhost:5000/team/app:1'], /names an image, not a repository/],
    [['tags', 'history', 'localhost:5000/team/app'], /names no tag/],
    [['tags', 'rollback', 'localhost:5000/team/app:1', '--to', 'sha256:12'], /not a digest/],
    [['audit', '--since', 'yesterday'], /not a time/],
    [['login', '--password-stdin'], /needs --username/],
    [['completion', 'tcsh'], /Allowed choices are bash, zsh, fish/],
  ])('refuses wrong usage: %j', async (given, message) => {
    const { code, output, error } = await wharf(given);
    expect({ code, output }).toEqual({ code: 2, output: '' });
    expect(error).toMatch(message);
  });

  it('gives failures as JSON with --json, on standard error alone', async () => {
    const { code, output, error } = await wharf(['ls', '127.0.0.1:1', '--json']);
    expect({ code, output }).toEqual({ code: 1, output: '' });
    expect(JSON.parse(error)).toEqual({
      error: {
        code: 'REMOTE_FAILED',
        message: expect.stringContaining('127.0.0.1:1'),
        remedy: expect.stringMatching(/./),
      },
    });
    expect(JSON.parse((await wharf(['no-such', '--json'])).error)).toMatchObject({
      error: { code: 'USAGE' },
    });
  });

  it('shows what would control a terminal as escapes', async () => {
    const { error } = await wharf(['advisories', 'import', '\u001b[2Jx']);
    expect(error).toContain(String.raw`\u{1b}[2Jx`);
    expect(error).not.toContain('\u001b');
  });
});

describe('wharf completion', () => {
  /** What the script completes after these words. */
  function complete(script: string, words: readonly string[]): string[] {
    const list = words.map((word) => `'${word}'`).join(' ');
    const after = `COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _wharf; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', `${script}\n${after}`], { encoding: 'utf8' });
    expect(stderr).toBe('');
    return stdout.split('\n').filter(Boolean);
  }

  it('completes commands, subcommands, options and choices in bash', async () => {
    const { output } = await wharf(['completion', 'bash']);
    expect(complete(output, ['wharf', 'ver'])).toEqual(['verdict', 'verify', 'verify-blob']);
    expect(complete(output, ['wharf', 'tags', ''])).toEqual(['history', 'rollback']);
    expect(complete(output, ['wharf', '--json', 'tags', 'rollback', '--t'])).toEqual(['--to']);
    expect(complete(output, ['wharf', 'completion', 'z'])).toEqual(['zsh']);
  });

  it('names every command for zsh and fish', async () => {
    for (const shell of ['zsh', 'fish']) {
      const { code, output } = await wharf(['completion', shell]);
      expect(code).toBe(0);
      for (const command of program.commands) expect(output).toContain(`'${command.name()}`);
    }
  });
});

describe('wharf advisories', () => {
  const record = (id: string, extra: object = {}) =>
    JSON.stringify({ id, modified: '2026-01-01T00:00:00Z', affected: [], ...extra });

  it('imports into the cache of this machine: new over old, and what cannot be read is told', async () => {
    await inFolder(async (folder) => {
      const environment = { HOME: folder };
      const file = async (name: string, lines: readonly string[]) => {
        await writeFile(join(folder, name), lines.join('\n'));
        return join(folder, name);
      };
      const first = await file('first.jsonl', [record('A-1'), record('A-2'), '{"no":"id"}']);
      const second = await file('second.jsonl', [record('A-2'), record('A-3')]);
      const imported = await wharf(['advisories', 'import', first, '--json'], { environment });
      expect(imported.code).toBe(1);
      expect(JSON.parse(imported.output)).toMatchObject({
        read: 2,
        new: 2,
        replaced: 0,
        count: 2,
        refusedCount: 1,
        refused: [{ origin: `${first}:3`, message: expect.stringContaining('id must be') }],
      });
      const again = await wharf(['advisories', 'import', second, '--json'], { environment });
      expect(again.code).toBe(0);
      expect(JSON.parse(again.output)).toMatchObject({ read: 2, new: 1, replaced: 1, count: 3 });
      const status = await wharf(['advisories', 'status'], { environment });
      expect(status).toMatchObject({ code: 0, output: expect.stringContaining('3 advisories') });
      expect((await wharf(['advisories', 'import', join(folder, 'none')], { environment })).code).toBe(1);
      expect((await wharf(['advisories', 'status'], { environment })).output).toContain('3 advisories');
    });
  });
});

describe('wharf routine test', () => {
  const collection = (expression: string) => `name: ours
version: 1.0.0
description: For a test.
routines:
  - name: small
    title: Small
    description: Not too large.
    expression: ${expression}
    message: '"too large"'
    remedy: make it smaller
    tests:
      - { name: a small one, facts: { image: { size: 1 } }, expect: pass }
      - { name: a large one, facts: { image: { size: 5000 } }, expect: fail, message: too large }
`;

  it('passes, fails, and names what is wrong with its line', async () => {
    await inFolder(async (folder) => {
      const run = async (name: string, expression: string) => {
        await writeFile(join(folder, name), collection(expression));
        return wharf(['routine', 'test', name], { folder });
      };
      const good = await run('good.yaml', 'image.size < 1000');
      expect(good).toMatchObject({ code: 0, output: expect.stringMatching(/2 tests passed, 0 failed/) });
      const wrong = await run('wrong.yaml', 'image.size < 9000');
      expect(wrong).toMatchObject({
        code: 1,
        output: expect.stringMatching(/failed {2}small: a large one\n +expected fail, got pass/),
      });
      const broken = await run('broken.yaml', 'image.size <');
      expect(broken).toMatchObject({
        code: 1,
        output: '',
        error: expect.stringMatching(/line 8: routines\S* ?/),
      });
    });
  });
});
