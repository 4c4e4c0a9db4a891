import { expect, test } from 'vitest';
import type { RecordedFiles } from '../file-facts.ts';
import { decodePaths } from '../layer-tree.ts';
import { defaultLimits } from '../limits.ts';
import { NoteSink } from '../note-sink.ts';

const hex = 'd41d8cd98f00b204e9800998ecf8427e';
const base64 = '1B2M2Y8AsgTpgAmY7PhCfg';

function tell(path: string, text: string | Buffer): { files: RecordedFiles[]; problems: string[] } {
  const bytes = Buffer.from(text);
  const files: RecordedFiles[] = [];
  const problems: string[] = [];
  const sink = new NoteSink(path, bytes.length, defaultLimits, {
    fact: (fact) => void (fact.kind === 'recorded-files' && files.push(fact)),
    problem: (_, message) => void problems.push(message),
    executable: () => undefined,
    chart: () => undefined,
  });
  sink.data(bytes);
  sink.end(true);
  return { files, problems };
}

const pathsOf = ({ files }: { files: RecordedFiles[] }): string[] =>
  files.flatMap(({ paths }) => [...decodePaths(paths)]);

test('lists of dpkg give paths, bytes that are not UTF-8 included', () => {
  const list = Buffer.concat([
    Buffer.from('/.\n/usr\n/usr/bin/a\n/usr/\xe9\n'),
    Buffer.from([0x2f, 0xe9, 0x0a]),
  ]);
  const told = tell('opt/info/libc6:amd64.list', list);
  expect(pathsOf(told)).toEqual(['usr', 'usr/bin/a', 'usr/é', '\udce9']);
  expect(told.files[0]).toMatchObject({ owner: { type: 'deb', name: 'libc6' }, digests: ['', '', '', ''] });
});

test.each(['var/lib/dpkg/info/a.md5sums', 'var/lib/dpkg/status.d/a.md5sums'])('%s gives digests', (path) => {
  const told = tell(path, `${hex}  usr/bin/a b\n${hex}  usr/share/./c\n`);
  expect(pathsOf(told)).toEqual(['usr/bin/a b', 'usr/share/c']);
  expect(told.files[0]).toMatchObject({ owner: { name: 'a' }, algorithm: 'md5', digests: [base64, base64] });
});

test('digests of which a line is none do not pass, other files of that name are none', () => {
  expect(tell('var/lib/dpkg/info/a.md5sums', `${hex}  usr/bin/a\nnothing\n`).problems).toHaveLength(1);
  expect(tell('srv/todo.list', 'milk\nbread\n')).toEqual({ files: [], problems: [] });
});

test('the status file of dpkg gives configuration', () => {
  const status = `Package: a\nStatus: install ok installed\nConffiles:\n /etc/a b ${hex}\n /etc/old ${hex} obsolete\n /etc/new newconffile\nVersion: 1\nDescription: x\n /etc/not ${hex}\n`;
  const told = tell('var/lib/dpkg/status', status);
  expect(pathsOf(told)).toEqual(['etc/a b', 'etc/old', 'etc/new']);
  expect(told.files[0]).toMatchObject({ digests: [base64, base64, ''], configuration: [0, 1, 2] });
});
