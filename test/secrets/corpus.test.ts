import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { FileSecrets } from '@wharfinger/lib/inspect/secrets/secret-facts';
import { scannedFile } from '@wharfinger/lib/inspect/secrets/scan-text';
import { SecretScanner } from '@wharfinger/lib/inspect/secrets/secret-scanner';
import { lacksTools, output } from '../requirements.ts';
import { nonSecrets } from './non-secrets.ts';
import { trueSecrets, type Case } from './true-secrets.ts';

function scan({ path, text }: Case): FileSecrets['hits'] {
  const bytes = Buffer.from(text);
  let hits: FileSecrets['hits'] = [];
  const scanner = new SecretScanner(scannedFile(path, true), bytes.length, (found) => (hits = found.hits));
  scanner.data(bytes);
  scanner.end();
  return hits;
}

interface Score {
  /** true secrets that were found */
  readonly found: ReadonlySet<number>;
  /** what was told besides, for people */
  readonly wrong: readonly string[];
}

const secrets = trueSecrets();
const others = nonSecrets();
const cases = [...secrets, ...others];

/** @param at lines of what was told of the case of an index, with the rules */
function score(
  at: (index: number) => ReadonlyArray<{ readonly line: number; readonly rule: string }>,
): Score {
  const found = new Set<number>();
  const wrong: string[] = [];
  for (const [index, { path, text, expected }] of cases.entries()) {
    for (const { line, rule } of at(index)) {
      if (expected !== undefined && Math.abs(line - expected.line) <= 3) found.add(index);
      else wrong.push(`${rule} in ${path}:${line}: ${text.split('\n')[line - 1]?.slice(0, 100)}`);
    }
  }
  return { found, wrong };
}

const ours = score((index) => scan(cases[index]!).map(({ line, rule }) => ({ line: line ?? 0, rule })));

describe('the corpus', () => {
  test('is as large as it claims', () => {
    expect(secrets.length).toBeGreaterThanOrEqual(150);
    expect(others.length).toBeGreaterThanOrEqual(300);
  });

  test('has secrets that are found for what they are, each of them', () => {
    const missed = secrets.filter(
      (one) =>
        !scan(one).some(({ rule, line }) => rule === one.expected!.rule && line === one.expected!.line),
    );
    expect(missed.map(({ path, expected, text }) => [path, expected, text.slice(0, 200)])).toEqual([]);
  });

  test('has nothing else that counts as one', () => {
    expect(ours.wrong).toEqual([]);
  });

  test('has no secret that is told', () => {
    const told = secrets.filter((one) => {
      const line = one.text.split('\n')[one.expected!.line - 1] ?? '';
      const value = [...line.matchAll(/[A-Za-z0-9+/]{20,}/g)].at(-1)?.[0];
      return value !== undefined && JSON.stringify(scan(one)).includes(value.slice(5, 15));
    });
    expect(told.map(({ path }) => path)).toEqual([]);
  });
});

describe.skipIf(lacksTools(['trivy']))('the same corpus, looked through by Trivy', () => {
  test('is told of no better', { timeout: 120_000 }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'wharfinger-secrets-'));
    // its cache has a lock, for which another Trivy would wait, and is not looked through
    const [cache, corpus] = [join(folder, 'cache'), join(folder, 'corpus')];
    try {
      for (const [index, { path, text }] of cases.entries()) {
        const to = join(corpus, `c${index}`, path);
        mkdirSync(dirname(to), { recursive: true });
        writeFileSync(to, text);
      }
      const args = [
        'fs',
        '--scanners',
        'secret',
        '--offline-scan',
        '--skip-db-update',
        '--skip-version-check',
        '--format',
        'json',
        '--quiet',
      ];
      const report = JSON.parse(output('trivy', [...args, '--cache-dir', cache, corpus])) as {
        Results?: Array<{ Target: string; Secrets?: Array<{ RuleID: string; StartLine: number }> }>;
      };
      const told = new Map<number, Array<{ line: number; rule: string }>>();
      for (const { Target, Secrets = [] } of report.Results ?? []) {
        const index = Number(/(?:^|\/)c(\d+)\//.exec(Target)?.[1]);
        for (const { RuleID, StartLine } of Secrets) {
          told.set(index, [...(told.get(index) ?? []), { line: StartLine, rule: RuleID }]);
        }
      }
      const theirs = score((index) => told.get(index) ?? []);
      const rate = ({ found, wrong }: Score): string =>
        `${found.size} of ${secrets.length} found, ${wrong.length} wrong`;
      process.stdout.write(`Wharfinger: ${rate(ours)}\nTrivy: ${rate(theirs)}\n`);
      const theirsAlone = [...theirs.found].filter((index) => !ours.found.has(index));
      const oursAlone = [...ours.found].filter((index) => !theirs.found.has(index));
      const byRule = Object.groupBy(oursAlone, (index) => secrets[index]!.expected!.rule);
      for (const [rule, of] of Object.entries(byRule))
        process.stdout.write(`  not by Trivy: ${of!.length} ${rule}\n`);
      for (const wrong of theirs.wrong) process.stdout.write(`  wrong by Trivy: ${wrong}\n`);
      expect(theirs.found.size).toBeGreaterThan(0);
      expect(theirsAlone.map((index) => secrets[index]!.expected)).toEqual([]);
      expect(ours.wrong.length).toBeLessThanOrEqual(theirs.wrong.length);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
