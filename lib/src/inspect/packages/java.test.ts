import { describe, expect, it } from 'vitest';
import type { RecordedPackage } from '../file-facts.ts';
import { readBytes, tarOf } from '../layer-fixture.ts';
import { zipOf, type ZipEntry } from '../zip/zip-fixture.ts';
import { identify, parseManifest, parsePomProperties, splitFileName } from './java-identity.ts';

const pom = (artifact: string, version: string, group = 'org.example'): ZipEntry => ({
  name: `META-INF/maven/${group}/${artifact}/pom.properties`,
  body: `# made by Maven\ngroupId=${group}\nartifactId=${artifact}\nversion=${version}\n`,
});
const manifest = (text: string): ZipEntry => ({ name: 'META-INF/MANIFEST.MF', body: text });
const code: ZipEntry = { name: 'org/example/Main.class', body: 'x'.repeat(5000) };

interface Found {
  readonly packages: readonly string[];
  readonly problems: readonly string[];
}

async function read(name: string, bytes: Buffer, piece = 64 * 1024): Promise<Found> {
  const layer = await readBytes(tarOf({ name, body: bytes }), {}, piece);
  const packages = layer.records.flatMap((record) => (record.kind === 'packages' ? record.packages : []));
  const shown = ({ name: of, version, inside }: RecordedPackage): string =>
    `${of}@${version}${inside === undefined ? '' : ` in ${inside}`}`;
  expect(layer.complete).toBe(!layer.problems.some(({ hides }) => hides));
  return { packages: packages.map(shown), problems: layer.problems.map(({ message }) => message) };
}

describe('archives of Java', () => {
  it.each([undefined, 'signed', 'unsigned', 'zip64'] as const)(
    'tell what Maven recorded in them, with descriptors: %s',
    async (descriptor) => {
      const entries = [code, pom('a', '1.0'), code, pom('b', '2.0'), code];
      const bytes = zipOf(
        entries.map((entry) => (descriptor === undefined ? entry : { ...entry, descriptor })),
      );
      for (const piece of [1, 100, 64 * 1024])
        expect(await read('opt/a-1.0.jar', bytes, piece)).toEqual({
          packages: ['org.example:a@1.0', 'org.example:b@2.0'],
          problems: [],
        });
    },
  );

  it.each([
    [
      'something stands before them',
      zipOf([pom('a', '1')], { before: Buffer.from(`#!/bin/sh\n${' '.repeat(5000)}`) }),
    ],
    ['they have a comment', zipOf([pom('a', '1')], { comment: Buffer.from('PK is no part') })],
    ['their end is of zip64', zipOf([code, pom('a', '1')], { zip64: true })],
    ['bytes follow', Buffer.concat([zipOf([pom('a', '1')]), Buffer.alloc(20, 0x0a)])],
  ])('are read where %s', async (_what, bytes) => {
    expect(await read('a.jar', bytes)).toEqual({ packages: ['org.example:a@1'], problems: [] });
  });

  it('are taken apart within each other, stored and deflated, to the fourth', async () => {
    let inner = zipOf([pom('x', '0')]);
    for (const level of [4, 3, 2, 1])
      inner = zipOf([
        pom(`l${level}`, '1'),
        {
          name: `lib/${level}.jar`,
          body: inner,
          stored: level % 2 === 0,
          ...(level === 1 ? { descriptor: 'signed' } : {}),
        },
      ]);
    expect(await read('srv/app.war', inner, 1000)).toEqual({
      packages: [
        'org.example:x@0 in lib/1.jar!/lib/2.jar!/lib/3.jar!/lib/4.jar',
        'org.example:l4@1 in lib/1.jar!/lib/2.jar!/lib/3.jar',
        'org.example:l3@1 in lib/1.jar!/lib/2.jar',
        'org.example:l2@1 in lib/1.jar',
        'org.example:l1@1',
      ],
      problems: [],
    });
    const deeper = zipOf([{ name: 'a.jar', body: inner, stored: true }]);
    expect((await read('srv/app.ear', deeper)).problems[0]).toContain('lies in more than 4 archives');
  });

  it.each<readonly [string, Buffer]>([
    ['are encrypted', zipOf([{ ...pom('a', '1'), flags: 1 }])],
    ['are packed by another method', zipOf([{ ...pom('a', '1'), method: 93 }])],
    ['break off', zipOf([pom('a', '1')]).subarray(0, -30)],
    ['have content that cannot be unpacked', zipOf([{ ...pom('a', '1'), stored: true, method: 8 }])],
    ['list what they do not have', zipOf([{ ...code, listedAs: pom('a', '1').name }])],
    ['have what they do not list', zipOf([{ ...pom('a', '1'), unlisted: true }])],
    ['list it by another name', zipOf([{ ...pom('a', '1'), listedAs: pom('b', '1').name }])],
    [
      'list another checksum',
      zipOf([{ ...pom('a', '1'), central: (header) => header.writeUInt32LE(7, 12) }]),
    ],
    ['list it elsewhere', zipOf([{ ...pom('a', '1'), central: (header) => header.writeUInt32LE(7, 38) }])],
    ['follow each other', Buffer.concat([zipOf([pom('a', '1')]), zipOf([pom('a', '2')])])],
    ['stand in the comment of another', zipOf([pom('a', '1')], { comment: zipOf([pom('b', '1')]) })],
    [
      'hide in the content of an entry',
      zipOf([
        {
          name: 'x',
          body: zipOf([pom('b', '1')]),
          stored: true,
          central: (header) => header.writeUInt32LE(1, 16),
        },
        { ...pom('a', '1'), unlisted: true },
      ]),
    ],
  ])('are never taken for clean where they %s', async (_what, bytes) => {
    expect((await read('a.jar', bytes)).problems).not.toEqual([]);
    const outer = zipOf([{ name: 'lib/a.jar', body: bytes, stored: true }]);
    expect((await read('outer.jar', outer)).problems).not.toEqual([]);
  });

  it('with names that are too long to be kept are never taken for clean', async () => {
    const name = `${'n'.repeat(5000)}.jar`;
    const inside = zipOf([{ name, body: zipOf([pom('a', '1')]), stored: true }]);
    expect((await read('a.jar', inside)).problems).not.toEqual([]);
    const listed = zipOf([{ ...code, listedAs: name }]);
    expect((await read('a.jar', listed)).problems).not.toEqual([]);
  });

  it('name what is wrong so that it can be shown', async () => {
    const bytes = zipOf([{ name: 'a\u001b\n.jar', flags: 1 }]);
    expect((await read('a.jar', bytes)).problems[0]).toContain('a\\x1b\\x0a.jar is encrypted');
  });

  it('that unpack to far more than they are do not go on', async () => {
    const bomb = zipOf([{ name: 'lib/a.jar', body: Buffer.alloc(200 * 1024 ** 2) }]);
    expect((await read('a.jar', bomb)).problems).toContain('lib/a.jar cannot be unpacked whole');
  });

  it('count by any name where they begin as such archives do, others do not', async () => {
    const jar = zipOf([manifest('Manifest-Version: 1.0\n'), pom('a', '1')]);
    expect((await read('opt/blob', jar)).packages).toEqual(['org.example:a@1']);
    const script = zipOf([manifest('Manifest-Version: 1.0\n'), pom('a', '1')], {
      before: Buffer.from(`#!/bin/sh\nexec java -jar "$0"\n${'\n'.repeat(5000)}`),
    });
    expect((await read('usr/bin/tool', script)).packages).toEqual(['org.example:a@1']);
    const other = zipOf([{ name: '[Content_Types].xml' }, { name: 'lib/a.jar', flags: 1 }]);
    expect(await read('letter.docx', other)).toEqual({ packages: [], problems: [] });
  });

  it('count by any name also where something else stands first, of which none is missed', async () => {
    const parts = [code, manifest('Manifest-Version: 1.0\n'), pom('a', '1')];
    expect(await read('opt/blob', zipOf(parts))).toEqual({ packages: ['org.example:a@1'], problems: [] });
    const inner = { name: 'lib/b.jar', body: zipOf([pom('b', '1')]) };
    expect((await read('opt/blob', zipOf([inner, ...parts]))).problems).not.toEqual([]);
  });

  it('that are unpacked on the disk are known by what Maven recorded', async () => {
    const { name, body = '' } = pom('a', '1');
    expect((await read(`srv/app/${name}`, Buffer.from(body))).packages).toEqual(['org.example:a@1']);
  });
});

describe('what an archive is', () => {
  const version = (more: string) =>
    parseManifest(`Manifest-Version: 1.0\r\nImplementation-Version: 5.3.20\r\n${more}\r\n`);

  it.each([
    ['spring-core-5.3.20.jar', '', 'org.springframework:spring-core@5.3.20'],
    ['spring-core.jar', '', 'org.springframework:spring-core@5.3.20'],
    [
      'widget-5.3.20.jar',
      'Bundle-SymbolicName: com.acme.widget;singleton:=true\r\n',
      'com.acme:widget@5.3.20',
    ],
    ['acme-tools.jar', 'Bundle-SymbolicName: com.acme.t\r\n ools\r\n', 'com.acme:acme-tools@5.3.20'],
    ['widget.jar', 'Implementation-Vendor-Id: com.acme\r\n', 'com.acme:widget@5.3.20'],
    ['catalina.jar', 'Implementation-Title: Apache Tomcat\r\n', 'org.apache.tomcat:tomcat-catalina@5.3.20'],
    [
      'x.jar',
      'Bundle-Name: tomcat-embed-websocket\r\n',
      'org.apache.tomcat.embed:tomcat-embed-websocket@5.3.20',
    ],
    ['x.jar', 'Bundle-Name: Spring Core\r\n', 'x@5.3.20'],
    ['widget.jar', 'Implementation-Vendor-Id: Acme Limited\r\n', 'widget@5.3.20'],
    ['widget.jar', '\r\nName: x\r\nImplementation-Vendor-Id: com.acme\r\n', 'widget@5.3.20'],
  ])('%s with %j is told by manifest and name', (file, more, expected) => {
    const [found] = identify(file, [], version(more));
    const group = found?.group === undefined ? '' : `${found.group}:`;
    expect(`${group}${found?.artifact}@${found?.version}`).toBe(expected);
  });

  it('is told of shaded archives beside what they took up', () => {
    const shaded = [{ group: 'cglib', artifact: 'cglib', version: '3' }];
    expect(identify('spring-core-5.3.20.jar', shaded, version('')).map(({ artifact }) => artifact)).toEqual([
      'cglib',
      'spring-core',
    ]);
    const own = [{ group: 'org.springframework', artifact: 'spring-core', version: '5.3.20' }];
    expect(identify('renamed-3.x.jar', own, version(''))).toEqual(own);
  });

  it.each([
    ['commons-lang3-3.12.0.jar', 'commons-lang3', '3.12.0'],
    ['log4j-1.2-api-2.17.1.jar', 'log4j-1.2-api', '2.17.1'],
    ['guava-31.1-jre.jar', 'guava', '31.1-jre'],
    ['jakarta.inject-api-2.0.1.MR.jar', 'jakarta.inject-api', '2.0.1.MR'],
    ['foo-1.0-beta-2.jar', 'foo', '1.0-beta-2'],
    ['foo-1.0-20230405.112233-4.war', 'foo', '1.0-20230405.112233-4'],
    ['app.jar', 'app', undefined],
  ])('%s is taken apart', (file, artifact, expected) => {
    expect(splitFileName(file)).toEqual(
      expected === undefined ? { artifact } : { artifact, version: expected },
    );
  });

  it.each(['1.0~rc1', '1.0@beta', '$1', '2'.repeat(200)])(
    'has the version %s, which Maven takes',
    (version) => {
      const text = `groupId=a\nartifactId=b\nversion=${version}\n`;
      expect(parsePomProperties(text)).toEqual({ group: 'a', artifact: 'b', version });
    },
  );

  it.each(['${project.version}', '', '1 2', '1/2', '[1,2)', '1\u0000', '2'.repeat(201)])(
    'is missed where Maven recorded the version %j, unless the archive tells it itself',
    async (version) => {
      const bytes = zipOf([pom('a', '1.0'), pom('b', version), pom('c', version)]);
      expect(await read('opt/b-2.0.jar', bytes)).toEqual({
        packages: ['org.example:a@1.0', 'b@2.0'],
        problems: [expect.stringContaining('META-INF/maven/org.example/c/pom.properties')],
      });
      const { name, body = '' } = pom('c', version);
      expect((await read(`srv/${name}`, Buffer.from(body))).problems).toHaveLength(1);
      expect((await read('opt/c-1.jar', zipOf([pom('c', version)]))).problems).toEqual([]);
    },
  );

  it('is not told by a pom.properties that was never filled in', () => {
    expect(parsePomProperties('groupId=a\nartifactId=b\nversion=${project.version}\n')).toBeUndefined();
    expect(parsePomProperties('groupId: a\r\nartifactId = b\r\nversion=1\r\n')).toEqual({
      group: 'a',
      artifact: 'b',
      version: '1',
    });
  });
});
