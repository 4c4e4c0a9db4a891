import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDpkgStatus } from '@wharfinger/lib/inspect/packages/dpkg';
import { afterAll, describe, expect, it } from 'vitest';
import { makeRandom } from '../fuzz/random.ts';
import { lacksTools } from '../requirements.ts';
import { seed } from '../seed.ts';

const stanza = (name: string, version: string, more = ''): string =>
  `Package: ${name}\nStatus: install ok installed\nMaintainer: a <a@example.org>\nArchitecture: amd64\n${more}Version: ${version}\n` +
  'Conffiles:\n /etc/x d41d8cd98f00b204e9800998ecf8427e\nDescription: short\n long\n .\n longer\n';
const genuine = `${[
  stanza('base-files', '12.4+deb12u5'),
  stanza('libssl3', '3.0.1-1', 'Source: openssl\n'),
  stanza('perl', '5.36-7', 'Source: perl5 (1:1.2)\n'),
].join('\n')}\n`;

/** What is put into a genuine file, or stands for some of it. */
const pieces = [
  ...'\n \t \r \0 \v \f : # - é \u00a0 \u200b'.split(' '),
  ' ',
  '\n\n',
  '\n \n',
  '\n\t\n',
  '\n ',
  'Package: x\n',
  'package:y\n',
  ' Package: z\n',
  'Version: 1\n',
  'Source: a b\n',
  'Status : install ok installed\n',
  'Status: deinstall ok config-files\n',
];

/** As `dpkg-query` lists them where it reads the file at all: name, version, source and its version. */
function listed(folder: string, text: string): string[] | undefined {
  writeFileSync(join(folder, 'status'), text);
  const format = '${Package}|${Version}|${source:Package}|${source:Version}|${db:Status-Status}\\n';
  const run = spawnSync('dpkg-query', [`--admindir=${folder}`, '-W', '-f', format], { encoding: 'utf8' });
  if (run.status !== 0) return undefined;
  return run.stdout
    .split('\n')
    .filter((line) => line.endsWith('ed') && !line.endsWith('|not-installed'))
    .map((line) => line.slice(0, line.lastIndexOf('|')).split('|'))
    .map((fields) => fields.map((field) => field.replaceAll(/^[ \t\v\f\r]+|[ \t\v\f\r]+$/g, '')).join('|'));
}

describe.skipIf(lacksTools(['dpkg-query']))('a status file of dpkg that was changed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dpkg-'));
  mkdirSync(join(folder, 'info'));
  mkdirSync(join(folder, 'updates'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is read as dpkg reads it, or does not pass', () => {
    const random = makeRandom(String(seed));
    let read = 0;
    for (let index = 0; index < 400; index += 1) {
      let text = genuine;
      for (let changes = 1 + random.below(2); changes > 0; changes -= 1) {
        const at = random.below(text.length);
        text = `${text.slice(0, at)}${random.pick(pieces)}${text.slice(at + random.below(3) * random.below(12))}`;
      }
      const truth = listed(folder, text);
      if (truth === undefined) continue;
      read += 1;
      const { packages, broken } = parseDpkgStatus(text);
      if (broken > 0) continue;
      const found = new Set(
        packages.map((one) => [one.name, one.version, one.source, one.sourceVersion].join('|')),
      );
      // It may list more: dpkg takes a package without a state for one that is not there.
      const missed = truth.filter((one) => !found.has(one));
      expect({ seed, index, text, missed }).toEqual({ seed, index, text, missed: [] });
    }
    expect(read).toBeGreaterThan(50);
  });
});
