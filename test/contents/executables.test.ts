import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ElfReader } from '@wharfinger/lib/inspect/executables/elf-reader';
import type { ExecutableFacts } from '@wharfinger/lib/inspect/executables/executable-facts';
import { attempt, run } from '../harness/command.ts';
import { debianTar } from '../harness/debian-image.ts';
import { lacksRoot, lacksTools } from '../requirements.ts';

/** Reads a file in pieces, as it comes out of a layer. */
function read(path: string, piece = 100_000): ExecutableFacts | undefined {
  const bytes = readFileSync(path);
  let found: ExecutableFacts | undefined;
  const reader = new ElfReader(bytes.length, (facts) => {
    found = facts;
  });
  for (let at = 0; at < bytes.length; at += piece) reader.data(bytes.subarray(at, at + piece));
  reader.end(true);
  return found;
}

/** The same as readelf tells it. */
function ofReadelf(text: string): Partial<ExecutableFacts> {
  const all = (shape: RegExp): string[] => [...text.matchAll(shape)].map(([, found]) => found!);
  const isProgram = /Requesting program interpreter|Flags: .*PIE|Type:\s+EXEC/.test(text);
  const type = /Type:\s+REL /.test(text) ? 'object' : isProgram ? 'program' : 'library';
  const isNow = /\(BIND_NOW\)|\(FLAGS\)\s+.*BIND_NOW|Flags: .*NOW/.test(text);
  const buildId = /Build ID: ([0-9a-f]+)/.exec(text)?.[1];
  const runpath = /\(RUNPATH\)\s+Library runpath: \[(.*)\]/.exec(text)?.[1];
  const rpath = /\(RPATH\)\s+Library rpath: \[(.*)\]/.exec(text)?.[1];
  const interpreter = /Requesting program interpreter: (.*)\]/.exec(text)?.[1];
  const isStackSafe = /GNU_STACK\s+(?:0x[0-9a-f]+\s+){5}RW /.test(text);
  return {
    type,
    needed: all(/\(NEEDED\)\s+Shared library: \[(.*)\]/g),
    ...(interpreter === undefined ? {} : { interpreter }),
    ...(buildId === undefined ? {} : { buildId }),
    ...(rpath === undefined ? {} : { rpath }),
    ...(runpath === undefined ? {} : { runpath }),
    ...(type === 'program' ? { pie: /Type:\s+DYN/.test(text) } : {}),
    relro: !text.includes('GNU_RELRO') ? 'none' : isNow ? 'full' : 'partial',
    nx: type === 'object' || (isStackSafe && !/LOAD\s+(?:0x[0-9a-f]+\s+){5}RWE/.test(text)),
    symbols: /\sSYMTAB\s/.test(text),
  };
}

async function readelf(path: string): Promise<string> {
  const { stdout } = await attempt(['readelf', '-W', '-h', '-l', '-d', '-n', '-S', path]);
  return stdout;
}

const source = `#include <stdio.h>
#include <string.h>
int main(int argc, char **argv) { char text[64]; strcpy(text, argv[0]); return printf("%s", text); }
`;

const variants: Readonly<Record<string, { flags: readonly string[]; expected: Partial<ExecutableFacts> }>> = {
  hardened: {
    flags: ['-O2', '-fPIE', '-pie', '-fstack-protector-all', '-D_FORTIFY_SOURCE=2', '-Wl,-z,relro,-z,now'],
    expected: {
      type: 'program',
      pie: true,
      relro: 'full',
      nx: true,
      stackProtector: true,
      fortified: true,
      symbols: true,
    },
  },
  fixed: { flags: ['-no-pie', '-Wl,-z,lazy'], expected: { type: 'program', pie: false, relro: 'partial' } },
  bare: {
    flags: ['-fno-stack-protector', '-U_FORTIFY_SOURCE', '-Wl,-z,norelro'],
    expected: { relro: 'none', stackProtector: false, fortified: false },
  },
  'executable stack': { flags: ['-Wl,-z,execstack'], expected: { nx: false } },
  stripped: { flags: ['-s'], expected: { symbols: false } },
  'without a build id': { flags: ['-Wl,--build-id=none'], expected: {} },
  rpath: { flags: ['-Wl,-rpath,/opt/x,--disable-new-dtags'], expected: { rpath: '/opt/x' } },
  runpath: {
    flags: ['-Wl,-rpath,$ORIGIN/../lib,--enable-new-dtags'],
    expected: { runpath: '$ORIGIN/../lib' },
  },
  static: { flags: ['-static'], expected: { type: 'program', pie: false, needed: [] } },
  'static at any address': { flags: ['-static-pie'], expected: { type: 'program', pie: true, needed: [] } },
  library: { flags: ['-shared', '-fPIC'], expected: { type: 'library' } },
  object: { flags: ['-c'], expected: { type: 'object' } },
};

describe.skipIf(lacksTools(['gcc', 'readelf']))('executables', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'executables-'));
    writeFileSync(join(folder, 'a.c'), source);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(Object.entries(variants))('built %s are what readelf says', async (name, { flags, expected }) => {
    const path = join(folder, name.replaceAll(' ', '-'));
    await run(['gcc', ...flags, '-o', path, join(folder, 'a.c')]);
    const truth = ofReadelf(await readelf(path));
    for (const piece of [1000, 100_000]) {
      const found = read(path, piece);
      expect(found).toMatchObject({ ...truth, ...expected });
      expect(found?.buildId).toBe(truth.buildId);
      expect(found?.broken).toBeUndefined();
    }
  });

  test('that break off, or contradict themselves, are broken or none, and never a failure', async () => {
    const path = join(folder, 'whole');
    await run(['gcc', '-o', path, join(folder, 'a.c')]);
    const bytes = readFileSync(path);
    const outcome = (changed: Buffer): boolean => {
      let called = 0;
      const reader = new ElfReader(changed.length, () => {
        called += 1;
      });
      reader.data(changed);
      reader.end(true);
      return called === 1;
    };
    for (let length = 4; length < bytes.length; length += 97)
      expect(outcome(bytes.subarray(0, length))).toBe(true);
    let seed = 1;
    for (let round = 0; round < 3000; round += 1) {
      const changed = Buffer.from(bytes);
      for (let at = 0; at < 8; at += 1) {
        seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
        changed[4 + ((seed >>> 4) % (at < 5 ? 900 : changed.length - 4))] = seed & 0xff;
      }
      expect(outcome(changed)).toBe(true);
    }
  });
});

test.skipIf(lacksTools(['debootstrap', 'readelf', 'tar', 'find']) || lacksRoot())(
  'all executables of a Debian image are what readelf says',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'elf-'));
    try {
      await run(['tar', '--numeric-owner', '-C', folder, '-xf', await debianTar()]);
      const files = (await run(['find', folder, '-type', 'f', '-size', '+0'])).trim().split('\n');
      const elf = files.filter((path) => readFileSync(path).subarray(0, 4).toString('latin1') === '\x7fELF');
      expect(elf.length).toBeGreaterThan(500);
      const { stdout } = await attempt(['readelf', '-W', '-h', '-l', '-d', '-n', '-S', ...elf]);
      const texts = new Map(
        stdout.split(/^File: /m).map((text) => [text.slice(0, text.indexOf('\n')), text] as const),
      );
      const found = elf.map((path) => [path, read(path)] as const);
      const wrong = found.filter(([path, facts]) => {
        const truth = Object.entries(ofReadelf(texts.get(path) ?? ''));
        const told = new Map<string, unknown>(Object.entries(facts ?? {}));
        return truth.some(([name, value]) => JSON.stringify(told.get(name)) !== JSON.stringify(value));
      });
      expect([...texts.keys()]).toEqual(expect.arrayContaining(elf));
      expect(wrong).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
