import { deflateSync, inflateRawSync } from 'node:zlib';
import { parsePomProperties } from '@wharfinger/lib/inspect/packages/java-identity';
import { observed } from '@wharfinger/lib/inspect/packages/observed.fixtures';
import { elfOf } from '@wharfinger/lib/inspect/packages/rust.fixtures';
import { zipOf, type ZipEntry } from '@wharfinger/lib/inspect/zip/zip-fixture';
import { nothing, type Target } from '../target.ts';

const pom = (artifact: string, version: string): ZipEntry => ({
  name: `META-INF/maven/org.example/${artifact}/pom.properties`,
  body: `groupId=org.example\nartifactId=${artifact}\nversion=${version}\n`,
});
const code: ZipEntry = { name: 'org/example/Main.class', body: 'code '.repeat(40) };
const manifest: ZipEntry = { name: 'META-INF/MANIFEST.MF', body: 'Manifest-Version: 1.0\r\n\r\n' };
const signed = (entry: ZipEntry): ZipEntry => ({ ...entry, descriptor: 'signed' });
const jars = [
  zipOf([manifest, code, pom('a', '1.0'), code]),
  zipOf([manifest, code, pom('b', '2.0')].map(signed)),
  zipOf([pom('c', '3.0')], { zip64: true, before: Buffer.from('#!/bin/sh\n') }),
  zipOf([{ name: 'BOOT-INF/lib/a.jar', body: zipOf([pom('a', '1.0')]), stored: true }, pom('d', '4.0')]),
  zipOf([{ name: 'WEB-INF/lib/b.jar', body: zipOf([pom('b', '2.0')].map(signed)) }].map(signed)),
];

/** What those who seek by the directory at the end find in an archive, as Java does; wherever that cannot be, nothing. */
function soughtIn(bytes: Buffer): string[] {
  const end = bytes.lastIndexOf('PK\x05\x06');
  if (end < 0 || end + 22 > bytes.length) return [];
  const start = end - bytes.readUInt32LE(end + 12);
  const base = start - bytes.readUInt32LE(end + 16);
  const found: string[] = [];
  for (let at = start; at >= 0 && at + 46 <= end && bytes.readUInt32LE(at) === 0x02014b50;) {
    const nameEnd = at + 46 + bytes.readUInt16LE(at + 28);
    const name = bytes.toString('utf8', at + 46, nameEnd);
    const entry = base + bytes.readUInt32LE(at + 42);
    if (name.endsWith('/pom.properties') && /^META-INF\/maven\/[^/]+\/[^/]+\/[^/]+$/.test(name)) {
      const text = contentAt(bytes, entry, bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 20));
      const one = text === undefined ? undefined : parsePomProperties(text);
      if (one !== undefined) found.push(`${one.group}:${one.artifact} ${one.version}`);
    }
    at = nameEnd + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return found;
}

function contentAt(bytes: Buffer, at: number, method: number, packed: number): string | undefined {
  if (at < 0 || at + 30 > bytes.length || bytes.readUInt32LE(at) !== 0x04034b50) return undefined;
  const start = at + 30 + bytes.readUInt16LE(at + 26) + bytes.readUInt16LE(at + 28);
  const content = bytes.subarray(start, start + packed);
  try {
    if (method === 8) return inflateRawSync(content, { maxOutputLength: 100_000 }).toString();
  } catch {
    return undefined;
  }
  return method === 0 ? content.toString() : undefined;
}

/** Says so where an archive passes that holds, for those who seek in it, what was not found. */
function readJar(bytes: Uint8Array): undefined {
  const { packages, problems } = observed('java', 'opt/app.jar', bytes);
  if (problems.length > 0) return;
  const told = new Set(packages.map(({ name, version }) => `${name} ${version}`));
  const missed = soughtIn(Buffer.from(bytes)).filter((one) => !told.has(one));
  if (missed.length > 0) throw new Error(`it passes, and was not found to hold ${missed.join(', ')}`);
}

/** Says so where neither a package nor a problem was told. */
function reader(format: string, path: string): Target['read'] {
  return (bytes) => {
    const { facts, problems } = observed(format, path, bytes);
    if (facts.length === 0 && problems.length === 0 && bytes.length > 0)
      throw new Error(`nothing was told of ${path}`);
    return nothing(facts);
  };
}

const crates = {
  packages: [
    { name: 'itoa', version: '1.0.19', source: 'crates.io' },
    { name: 'app', version: '0.1.0', source: 'local', dependencies: [0], root: true },
  ],
};
const audited = elfOf(deflateSync(JSON.stringify(crates)), { before: Buffer.alloc(100) });

const goModules = Buffer.concat([
  Buffer.from('3077af0c9274080241e1c107e6d618e6', 'hex'),
  Buffer.from('path\tx\nmod\texample.com/x\t(devel)\t\ndep\ta.b/c\tv1.2.3\th1:x=\n=>\te.f/c\tv1.1.0\th1:\n'),
  Buffer.from('f932433186182072008242104116d8f2', 'hex'),
]);
const goBinary = Buffer.concat([
  Buffer.from('\x7fELF\x02\x01\x01'.padEnd(128, '\0'), 'latin1'),
  Buffer.from('\xff Go buildinf:\x08\x02'.padEnd(32, '\0'), 'latin1'),
  Buffer.from('\x08go1.20.7', 'latin1'),
  Buffer.of((goModules.length & 0x7f) | 0x80, goModules.length >> 7),
  goModules,
]);

const metadata =
  'Metadata-Version: 2.1\nName: Foo.Bar\nVersion: 1.0\nLicense: MIT\nClassifier: License :: OSI Approved\n\nA text.\n';
const sha256 = 'PBS_OTxGKtS-ZUUT6LKEnDwBb-cfrDkJq-rLeO2x-_w';
const record = `foo/__init__.py,sha256=${sha256},12\n"a, b",sha512=,\n../../bin/foo,,\nfoo-1.0.dist-info/RECORD,,\n`;

/** Packages of Java, Python, Rust and npm, as they lie in images. */
export const languagePackageTargets: readonly Target[] = [
  { name: 'archive of Java', refuses: [], genuine: jars, read: readJar },
  {
    name: 'crates of a Rust binary',
    refuses: [],
    genuine: [audited],
    read: (bytes) => nothing(observed('rust', 'usr/bin/app', bytes)),
  },
  {
    name: 'metadata of Python',
    refuses: [],
    genuine: [Buffer.from(metadata)],
    read: reader('python', 'lib/foo-1.0.dist-info/METADATA'),
  },
  {
    name: 'RECORD of Python',
    refuses: [],
    genuine: [Buffer.from(record)],
    read: (bytes) => nothing(observed('python', 'lib/foo-1.0.dist-info/RECORD', bytes)),
  },
  {
    name: 'package.json',
    refuses: [],
    genuine: [Buffer.from(JSON.stringify({ name: 'a', version: '1.0.0', license: 'MIT' }))],
    read: reader('node', 'app/node_modules/a/package.json'),
  },
  {
    name: 'egg of Python',
    refuses: [],
    genuine: [zipOf([{ name: 'EGG-INFO/PKG-INFO', body: metadata }, code])],
    read: (bytes) => nothing(observed('python-archive', 'lib/Foo.egg', bytes)),
  },
  {
    name: 'build information of a Go binary',
    refuses: [],
    genuine: [goBinary],
    read: (bytes) => nothing(observed('go', 'usr/bin/tool', bytes)),
  },
];
