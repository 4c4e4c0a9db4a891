import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { chooseStyle, displayable, formatBytes, formatTable } from './display.ts';
import { exitCodeOf, worstExitCode } from './exit-codes.ts';
import { showProgress } from './progress.ts';

const terminal = { isTTY: true };

describe('colours', () => {
  it('are for terminals, unless something speaks against them', () => {
    expect(chooseStyle(terminal, {}, true).red('x')).toBe('\u001b[31mx\u001b[39m');
    expect(chooseStyle({}, {}, true).red('x')).toBe('x');
    expect(chooseStyle(terminal, {}, false).red('x')).toBe('x');
    expect(chooseStyle(terminal, { NO_COLOR: '1' }, true).red('x')).toBe('x');
    expect(chooseStyle(terminal, { NO_COLOR: '' }, true).red('x')).not.toBe('x');
    expect(chooseStyle(terminal, { TERM: 'dumb' }, true).red('x')).toBe('x');
  });
});

describe('text from afar', () => {
  it('cannot control the terminal or hide', () => {
    expect(displayable('a\u001b[2Jb\r\n\u0007\u009b')).toBe(String.raw`a\u{1b}[2Jb\u{d}\u{a}\u{7}\u{9b}`);
    expect(displayable('evil\u202egpj.exe\u200b')).toBe(String.raw`evil\u{202e}gpj.exe\u{200b}`);
    expect(displayable('libstdc++ · größe 漢')).toBe('libstdc++ · größe 漢');
  });

  it('keeps the columns of a table, painted or not', () => {
    const style = chooseStyle(terminal, {}, true);
    const rows = [
      [{ text: 'high', paint: style.red }, 'a\tb', 'last'],
      ['low', 'c', ''],
    ];
    expect(stripVTControlCharacters(formatTable(['SEVERITY', 'X', 'Y'], rows, style))).toBe(
      String.raw`SEVERITY  X        Y
high      a\u{9}b  last
low       c`,
    );
  });
});

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [155_148_800, '155 MB'],
  [2_500_000_000_000_000, '2500 TB'],
])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

describe('exit codes', () => {
  const reason = (effect: 'warn' | 'hold' | 'deny', state: 'failed' | 'undecided') => ({
    routine: 'r',
    binding: 'b',
    effect,
    state,
    message: '',
    details: [],
    more: 0,
    remedy: '',
  });

  it('tell allowed from held from undecided', () => {
    expect(exitCodeOf({ outcome: 'allow', reasons: [] })).toBe(0);
    expect(exitCodeOf({ outcome: 'warn', reasons: [reason('warn', 'undecided')] })).toBe(0);
    expect(exitCodeOf({ outcome: 'hold', reasons: [reason('hold', 'failed')] })).toBe(3);
    expect(exitCodeOf({ outcome: 'deny', reasons: [reason('deny', 'failed')] })).toBe(3);
    expect(
      exitCodeOf({ outcome: 'hold', reasons: [reason('hold', 'undecided'), reason('warn', 'failed')] }),
    ).toBe(4);
    expect(
      exitCodeOf({ outcome: 'hold', reasons: [reason('hold', 'undecided'), reason('hold', 'failed')] }),
    ).toBe(3);
  });

  it('of several give the worst', () => {
    expect(worstExitCode([])).toBe(0);
    expect(worstExitCode([0, 4, 3])).toBe(3);
    expect(worstExitCode([0, 4, 1, 3])).toBe(1);
  });
});

describe('progress', () => {
  /** A stream that keeps what is written to it. */
  function stream(isTTY: boolean) {
    const written: string[] = [];
    const write = (text: string) => written.push(text) > 0;
    return { written, target: { isTTY, columns: 20, write } };
  }

  it('writes one line anew, at most ten times a second, no longer than the terminal is wide', () => {
    const { written, target } = stream(true);
    let now = 0;
    const progress = showProgress(target, true, () => now);
    progress.update('reading layer 1 of 2', 1000, 2000);
    now = 50;
    progress.update('too early');
    now = 150;
    progress.update('later');
    progress.end();
    progress.end();
    expect(written).toEqual(['\r\u001b[Kreading layer 1 of ', '\r\u001b[Klater', '\r\u001b[K']);
  });

  it('is silent where nobody watches', () => {
    for (const [isTTY, enabled] of [
      [false, true],
      [true, false],
    ] as const) {
      const { written, target } = stream(isTTY);
      showProgress(target, enabled, () => 0).update('x');
      expect(written).toEqual([]);
    }
  });
});
