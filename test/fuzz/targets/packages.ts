import { zstdCompressSync } from 'node:zlib';
import type { FileFacts } from '@wharfinger/lib/inspect/file-facts';
import { dpkgStatus } from '@wharfinger/lib/inspect/layer-fixture';
import { defaultLimits } from '@wharfinger/lib/inspect/limits';
import { NoteSink } from '@wharfinger/lib/inspect/note-sink';
import { bdbOf, ndbOf, rpmHeader, sqliteOf } from '@wharfinger/lib/inspect/packages/rpm/rpm.fixtures';
import type { Claims, Target } from '../target.ts';

const headers = [
  { name: 'bash', version: '5.1.8', epoch: 1, files: { '/usr/bin/bash': 'ab'.repeat(32), '/etc/skel': '' } },
  { name: 'nodejs', version: '12.1', release: '1.module_el8.3.0+1', module: 'nodejs:12:8030:abc' },
  { name: 'curl', version: '8.1', vendor: 'AlmaLinux' },
].map(rpmHeader);

/** Databases with three packages each. */
function databases(of: (headers: readonly Buffer[]) => Buffer): Buffer[] {
  return [of(headers), of(headers.toReversed())];
}

interface Read {
  /** a database was told of */
  readonly told: boolean;
  readonly packages: number;
  readonly hidden: boolean;
}

/** Reads a file as a layer's reader does. */
function read(path: string, bytes: Uint8Array): Read {
  let told = false;
  let packages = 0;
  let hidden = false;
  const sink = new NoteSink(path, bytes.length, defaultLimits, {
    fact: (fact: FileFacts) => {
      if (fact.kind !== 'dpkg' && fact.kind !== 'apk' && fact.kind !== 'rpm') return;
      told = true;
      packages += fact.packages.length;
    },
    problem: (_code, _message, hides) => {
      hidden ||= hides;
    },
    executable: () => undefined,
    chart: () => undefined,
  });
  if (bytes.length > 0) sink.data(Buffer.from(bytes));
  sink.end(true);
  return { told, packages, hidden };
}

/**
 * The forms of rpm account for every page: without a problem there are as many packages as a genuine database has. An empty file is
 * a database without packages, as where none was ever installed.
 */
function counted(path: string): (bytes: Uint8Array) => Claims {
  return (bytes) => {
    const { packages, hidden } = read(path, bytes);
    return hidden || bytes.length === 0 ? [] : [{ packages }];
  };
}

/** Text without checksums: what was cut away at the end of a record cannot be missed. */
function readOnly(path: string): (bytes: Uint8Array) => undefined {
  return (bytes) => {
    read(path, bytes);
    return undefined;
  };
}

/** The same of a database, which is told of whatever it holds, or said not to be readable. */
function alwaysTold(path: string): (bytes: Uint8Array) => undefined {
  return (bytes) => {
    const { told, hidden } = read(path, bytes);
    if (!told && !hidden && bytes.length > 0) throw new Error(`nothing was told of ${path}`);
  };
}

const apk =
  'C:Q1eVpkasfqZAukAXFYbgwt4xAMZWU=\nP:musl\nV:1.1.22-r3\nA:x86_64\no:musl\nL:MIT\nF:lib\nR:libc.so\na:0:0:755\nZ:Q1eVpkasfqZAukAXFYbgwt4xAMZWU=\n\nP:zlib\nV:1.2-r0\n\n';
const status = `${dpkgStatus({ bash: '5.2', curl: '7.88' })}Conffiles:\n /etc/curlrc ${'ab'.repeat(16)} obsolete\n`;
const sums = `${'ab'.repeat(16)}  usr/bin/curl\n${'cd'.repeat(16)}  usr/share/doc/curl/copyright\n`;

const wall = [
  '{"jsonwall":"1.0","schema":"1.0","count":5}',
  '{"kind":"content","slice":"bash_bins","path":"/usr/bin/bash"}',
  '{"kind":"package","name":"bash","version":"5.2","sha256":"x","arch":"amd64"}',
  `{"kind":"path","path":"/usr/bin/bash","mode":"0755","slices":["bash_bins"],"sha256":"${'ab'.repeat(32)}","size":4}`,
  '{"kind":"slice","name":"bash_bins"}\n',
].join('\n');

/** Package databases of distributions. */
export const packageTargets: readonly Target[] = [
  {
    name: 'rpm database in SQLite',
    refuses: [],
    genuine: databases((all) => sqliteOf(all).database),
    read: counted('var/lib/rpm/rpmdb.sqlite'),
  },
  {
    name: 'rpm database in ndb',
    refuses: [],
    genuine: databases(ndbOf),
    read: counted('usr/lib/sysimage/rpm/Packages.db'),
  },
  {
    name: 'rpm database in Berkeley DB',
    refuses: [],
    genuine: [...databases((all) => bdbOf(all)), bdbOf(headers, true)],
    read: counted('var/lib/rpm/Packages'),
  },
  {
    name: 'write-ahead log of an rpm database',
    refuses: [],
    genuine: [sqliteOf(headers.slice(0, 1), headers.slice(1)).log],
    read: readOnly('var/lib/rpm/rpmdb.sqlite-wal'),
  },
  {
    name: 'dpkg status',
    refuses: [],
    genuine: [Buffer.from(status)],
    read: alwaysTold('var/lib/dpkg/status'),
  },
  {
    name: 'record of status.d',
    refuses: [],
    genuine: [Buffer.from('Package: base-files\nVersion: 12.4+deb12u5\nSource: base (1)\n')],
    read: alwaysTold('var/lib/dpkg/status.d/base'),
  },
  {
    name: 'digests of dpkg',
    refuses: [],
    genuine: [Buffer.from(sums)],
    read: readOnly('var/lib/dpkg/info/curl.md5sums'),
  },
  {
    name: 'files of dpkg',
    refuses: [],
    genuine: [Buffer.from('/.\n/usr\n/usr/bin\n/usr/bin/curl\n')],
    read: readOnly('var/lib/dpkg/info/curl.list'),
  },
  {
    name: 'apk database',
    refuses: [],
    genuine: [Buffer.from(apk)],
    read: alwaysTold('lib/apk/db/installed'),
  },
  {
    name: 'manifest of chisel',
    refuses: [],
    genuine: [zstdCompressSync(wall)],
    read: readOnly('var/lib/chisel/manifest.wall'),
  },
  {
    name: 'lines of a manifest of chisel',
    refuses: [],
    genuine: [Buffer.from(wall)],
    read: (bytes) => readOnly('var/lib/chisel/manifest.wall')(zstdCompressSync(bytes)),
  },
];
