import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, describe, test } from 'vitest';
import { isOfFile, type FileFacts, type RecordedFiles, type RpmPackage } from '../../file-facts.ts';
import { defaultLimits, type LayerLimits } from '../../limits.ts';
import { NoteSink } from '../../note-sink.ts';
import { decodePaths } from '../../layer-tree.ts';
import { bdbOf, headerOf, ndbOf, rpmHeader, sqliteOf, type FixtureRpm } from './rpm.fixtures.ts';

const sha = 'ab'.repeat(32);
const list: readonly FixtureRpm[] = [
  {
    name: 'bash',
    version: '5.1.8',
    epoch: 2,
    files: { '/usr/bin/bash': sha, '/etc/skel/.bashrc': sha, '/usr/share/doc/bash': '' },
  },
  { name: 'nodejs', version: '12.1', release: '1.module_el8.3.0+1', module: 'nodejs:12:8030:abc' },
  {
    name: 'big',
    version: '1',
    files: Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`/usr/lib/big/file-${at}`, sha])),
  },
];
const headers = list.map(rpmHeader);
const named = ['bash 2:5.1.8-1.el9', 'nodejs 12.1-1.module_el8.3.0+1', 'big 1-1.el9'];

interface Told {
  readonly packages: readonly RpmPackage[];
  readonly files: readonly RecordedFiles[];
  readonly kinds: readonly string[];
  readonly problems: readonly string[];
}

function tell(path: string, bytes: Buffer, limits: LayerLimits = defaultLimits): Told {
  const facts: FileFacts[] = [];
  const problems: string[] = [];
  const sink = new NoteSink(path, bytes.length, limits, {
    fact: (fact) => void facts.push(fact),
    problem: (_, message, hides) => void (hides && problems.push(message)),
    executable: () => undefined,
    chart: () => undefined,
  });
  if (bytes.length > 0) sink.data(bytes);
  sink.end(true);
  return {
    packages: facts.flatMap((fact) =>
      fact.kind === 'rpm' || fact.kind === 'rpm-journal' ? fact.packages : [],
    ),
    files: facts.flatMap((fact) => (fact.kind === 'recorded-files' ? [fact] : [])),
    kinds: [...new Set(facts.map(({ kind }) => kind))].filter((kind) => !isOfFile(kind)),
    problems,
  };
}

const names = ({ packages }: Told): string[] => packages.map(({ name, version }) => `${name} ${version}`);

const forms: ReadonlyArray<readonly [name: string, path: string, of: (list: readonly Buffer[]) => Buffer]> = [
  ['SQLite', 'var/lib/rpm/rpmdb.sqlite', (all) => sqliteOf(all).database],
  ['ndb', 'usr/lib/sysimage/rpm/Packages.db', ndbOf],
  ['Berkeley DB', 'var/lib/rpm/Packages', (all) => bdbOf(all)],
  ['Berkeley DB of a machine of the other byte order', 'var/lib/rpm/Packages', (all) => bdbOf(all, true)],
];

describe.each(forms)('a database in %s', (_, path, of) => {
  const bytes = of(headers);

  test('gives its packages and their files', () => {
    const told = tell(path, bytes);
    expect(told.problems).toEqual([]);
    expect(names(told)).toEqual(named);
    expect(told.packages[1]).toMatchObject({ module: 'nodejs:12:8030:abc', architecture: 'x86_64' });
    const bash = told.files.find(({ owner }) => owner.name === 'bash')!;
    expect([...decodePaths(bash.paths)]).toEqual(['usr/bin/bash', 'etc/skel/.bashrc', 'usr/share/doc/bash']);
    expect(bash).toMatchObject({ algorithm: 'sha256', configuration: [1] });
    expect(bash.digests.map((one) => Buffer.from(one, 'base64').toString('hex'))).toEqual([sha, sha, '']);
    expect(told.files.find(({ owner }) => owner.name === 'big')!.paths).toHaveLength(300);
  });

  test('is found by its content under any name, and is nothing else where it has no packages', () => {
    expect(names(tell('opt/anything', bytes))).toEqual(named);
    expect(tell('opt/anything', of([]))).toMatchObject({ kinds: [], problems: [] });
    expect(tell(path, of([]))).toMatchObject({ kinds: ['rpm'], packages: [], problems: [] });
  });

  test('does not pass when it is cut off', () => {
    for (const left of [0.2, 0.5, 0.9, 0.99]) {
      const told = tell(path, bytes.subarray(0, Math.floor(bytes.length * left)));
      expect(told.problems).not.toEqual([]);
    }
  });

  test('leaves public keys out, and tells of what is no header', () => {
    const key = rpmHeader({ name: 'gpg-pubkey', version: '1' });
    expect(names(tell(path, of([key, headers[0]!])))).toEqual([named[0]]);
    const nameless = headerOf([[1001, 6, 1, Buffer.from('1\0')]]);
    expect(tell(path, of([headers[0]!, nameless]))).toMatchObject({
      problems: [expect.stringContaining('lacks a name')],
    });
  });

  test('never has fewer packages and no problem, whatever single byte is changed', () => {
    const wrong: string[] = [];
    const small = of(headers.slice(0, 2));
    const step = Math.max(1, Math.floor(small.length / 3000));
    for (let at = 0; at < small.length; at += step) {
      const changed = Buffer.from(small);
      changed[at] = (changed[at]! + 1 + (at % 254)) % 256;
      const told = tell(path, changed);
      if (told.problems.length === 0 && told.packages.length < 2) wrong.push(`${at}: ${names(told).join()}`);
    }
    expect(wrong).toEqual([]);
  });
});

test('a write-ahead log gives the packages that its database lacks', () => {
  const { log } = sqliteOf(headers.slice(0, 1), headers.slice(1));
  const told = tell('var/lib/rpm/rpmdb.sqlite-wal', log);
  expect(told.kinds).toEqual(['rpm-journal']);
  expect(names(told)).toEqual(expect.arrayContaining(named.slice(1)));
});

test('a write-ahead log of which nothing was committed adds nothing', () => {
  const { log } = sqliteOf(headers.slice(0, 1), headers.slice(1));
  expect(tell('var/lib/rpm/rpmdb.sqlite-wal', log.subarray(0, 600)).kinds).toEqual([]);
  const torn = Buffer.from(log);
  torn[32 + 24 + 5] = torn[32 + 24 + 5]! ^ 1;
  expect(tell('var/lib/rpm/rpmdb.sqlite-wal', torn).kinds).toEqual([]);
  expect(tell('var/lib/rpm/rpmdb.sqlite-wal', Buffer.alloc(0)).kinds).toEqual([]);
});

test('a journal of a transaction that was broken off is told of', () => {
  const journal = Buffer.concat([Buffer.from('d9d505f920a163d7', 'hex'), Buffer.alloc(504)]);
  expect(tell('var/lib/rpm/rpmdb.sqlite-journal', journal).kinds).toEqual(['rpm-journal']);
});

test('a list of packages in place of a database is read', () => {
  const path = 'var/lib/rpmmanifest/container-manifest-2';
  const line =
    'bash\t5.1.8-2.cm2\t1650\t1640\tMicrosoft Corporation\t(none)\t77\tx86_64\t0\tbash-5.1.8-2.cm2.src.rpm\n';
  const epoch = 'tzdata\t2022a-1.cm2\t1650\t1640\tMicrosoft Corporation\t1\t77\tnoarch\t1\t(none)\n';
  expect(tell(path, Buffer.from(line + epoch)).packages).toEqual([
    {
      name: 'bash',
      version: '5.1.8-2.cm2',
      architecture: 'x86_64',
      source: 'bash-5.1.8-2.cm2.src.rpm',
      vendor: 'Microsoft Corporation',
    },
    { name: 'tzdata', version: '1:2022a-1.cm2', architecture: 'noarch', vendor: 'Microsoft Corporation' },
  ]);
  expect(tell(path, Buffer.from(`${line}bash 1\n`)).problems).toHaveLength(1);
});

test('a header whose file names would take more room than any real ones is not written out', () => {
  const count = 5000;
  const header = headerOf([
    ...[1000, 1001, 1002].map((tag) => [tag, 6, 1, Buffer.from('wide\0')] as const),
    [1116, 4, count, Buffer.alloc(count * 4)],
    [1117, 8, count, Buffer.from('a\0'.repeat(count))],
    [1118, 8, 1, Buffer.from(`/${'x'.repeat(100_000)}/\0`)],
  ]);
  const told = tell('var/lib/rpm/Packages.db', ndbOf([header]));
  expect(names(told)).toEqual(['wide wide-wide']);
  expect(told.problems).toEqual([expect.stringContaining('list of files of wide')]);
});

test('what is named as a database of rpm and is none does not pass', () => {
  expect(tell('var/lib/rpm/Packages', Buffer.from('hello')).problems).toHaveLength(1);
  expect(tell('var/lib/rpm/Packages', Buffer.alloc(0))).toMatchObject({ kinds: ['rpm'], problems: [] });
});

const data = process.env['WHARFINGER_TEST_DATA'];
test.skipIf(data === undefined)('a real database in Berkeley DB is read (WHARFINGER_TEST_DATA)', () => {
  const bytes = readFileSync(join(data!, 'hostile/rpmdb-bdb-Packages_epoch'));
  expect(tell('var/lib/rpm/Packages', bytes)).toMatchObject({
    packages: [{ name: 'hello', version: '1:0.0.1-rls', architecture: 'x86_64', licence: 'GPL' }],
    problems: [],
  });
});
