import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../oci/digest.ts';
import { dpkgStatus, endMarker, entryBlocks, layerOf, paxBody, readBytes, tarOf } from './layer-fixture.ts';
import type { LayerInventory } from './inventory.ts';
import { readLayer } from './layer.ts';

const tar = tarOf({ name: 'a', body: 'x'.repeat(3000) }, { name: 'b/', flag: '5' });

function codes(layer: LayerInventory): string[] {
  return layer.problems.filter((problem) => problem.hides).map((problem) => problem.code);
}

describe('compression', () => {
  const skippable = Buffer.from('502a4d180400000001020304', 'hex');
  it.each([
    ['none', tar],
    ['gzip', gzipSync(tar)],
    ['gzip', Buffer.concat([gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700))])],
    ['zstd', zstdCompressSync(tar)],
    [
      'zstd',
      Buffer.concat([
        skippable,
        zstdCompressSync(tar.subarray(0, 99)),
        zstdCompressSync(tar.subarray(99)),
        skippable,
      ]),
    ],
  ])('reads %s and measures the diffID', async (compression, bytes) => {
    for (const piece of [5, 1000, bytes.length]) {
      const layer = await readBytes(bytes, {}, piece);
      expect(layer).toMatchObject({
        compression,
        diffId: digestOf(tar),
        size: tar.length,
        entries: 2,
        complete: true,
      });
    }
  });

  it.each([
    ['garbage behind gzip', Buffer.concat([gzipSync(tar), Buffer.from('garbage')]), 'corrupt'],
    ['zeros behind gzip', Buffer.concat([gzipSync(tar), Buffer.alloc(600)]), 'corrupt'],
    ['garbage behind zstd', Buffer.concat([zstdCompressSync(tar), Buffer.from('garbage')]), 'corrupt'],
    ['gzip that breaks off', gzipSync(tar).subarray(0, -5), 'truncated'],
    ['zstd that breaks off', zstdCompressSync(tar).subarray(0, -2), 'truncated'],
    [
      'gzip with a wrong checksum',
      Buffer.concat([gzipSync(tar).subarray(0, -8), Buffer.alloc(8)]),
      'corrupt',
    ],
    ['xz', Buffer.from('fd377a585a0000', 'hex'), 'unsupported'],
    ['bzip2', Buffer.from('BZh91AY&SY'), 'unsupported'],
  ])('does not pass %s, and takes it for a file system', async (_what, bytes, code) => {
    const layer = await readBytes(bytes);
    expect(codes(layer)).toContain(code);
    expect(layer.complete).toBe(false);
    expect(layer.content).toBe('filesystem');
  });

  it('says at every truncation of a packed layer that something is missing', async () => {
    const bytes = gzipSync(tarOf({ name: 'a', body: 'x' }));
    const passed: number[] = [];
    for (let length = 1; length < bytes.length; length += 1) {
      const layer = await readBytes(bytes.subarray(0, length));
      // One or two bytes are no gzip yet: they are what they are, and no file system.
      if (layer.complete && layer.content !== 'opaque') passed.push(length);
    }
    expect(passed).toEqual([]);
  });

  it('checks the digest of the blob, SHA-512 as well', async () => {
    async function* bytes() {
      yield tar;
    }
    const wrong = await readLayer({ digest: digestOf('other'), bytes: bytes() });
    expect(codes(wrong)).toEqual(['digest-mismatch']);
    const right = await readLayer({ digest: digestOf(tar, 'sha512'), bytes: bytes() });
    expect(right).toMatchObject({ complete: true, diffId: digestOf(tar) });
  });

  it('throws what the source throws: that says nothing about the layer', async () => {
    async function* bytes() {
      yield gzipSync(tar).subarray(0, 20);
      throw new Error('disk on fire');
    }
    await expect(readLayer({ digest: digestOf('x'), bytes: bytes() })).rejects.toThrow('disk on fire');
  });
});

describe('limits', () => {
  it('stops a gzip bomb by its ratio', async () => {
    const bomb = gzipSync(
      Buffer.concat([entryBlocks({ name: 'a', size: 300_000_000 }), Buffer.alloc(80_000_000)]),
    );
    const layer = await readBytes(bomb);
    expect(codes(layer)).toEqual(['ratio']);
    expect(layer.diffId).toBeUndefined();
    expect(layer.size).toBeLessThan(70_000_000);
  });

  it('stops at the limit of bytes', async () => {
    expect(codes(await readBytes(gzipSync(tar), { bytes: 1000 }))).toContain('too-large');
  });

  it('refuses a zstd frame that asks for a window of 2 GiB, without allocating it', async () => {
    const frame = Buffer.concat([
      Buffer.from('28b52ffd', 'hex'),
      Buffer.from([0, 21 << 3]),
      Buffer.from('010000', 'hex'),
    ]);
    const before = process.memoryUsage.rss();
    expect(codes(await readBytes(frame))).toEqual(['too-large']);
    expect(process.memoryUsage.rss() - before).toBeLessThan(500_000_000);
  });

  it('does not follow endless pax headers', async () => {
    const pax = entryBlocks({ name: 'x', flag: 'x', body: paxBody([['comment', 'x'.repeat(400)]]) });
    const layer = await readBytes(gzipSync(Buffer.concat(Array.from({ length: 5000 }, () => pax))), {
      entries: 1000,
    });
    expect(codes(layer)).toContain('too-many-entries');
  });

  it('holds three million entries to two', async () => {
    const one = entryBlocks({ name: 'some/path/to/a/file' });
    const many = Buffer.concat(Array.from({ length: 10_000 }, () => one));
    async function* bytes() {
      for (let at = 0; at < 300; at += 1) yield many;
    }
    const layer = await readLayer({ digest: digestOf('x'), bytes: bytes() });
    expect(codes(layer)).toContain('too-many-entries');
    expect(layer.entries).toBe(2_000_000);
  });

  it.each([
    ['depth', { name: 'x', flag: 'L', body: `${'d/'.repeat(300)}f\0` }],
    ['length', { name: 'x', flag: 'L', body: `${'n'.repeat(5000)}\0` }],
  ])('refuses a path beyond the limit of %s', async (_what, header) => {
    expect(codes(await readBytes(tarOf(header, { name: 'a' })))).toEqual(['too-deep']);
  });

  it('does not read databases beyond their limit', async () => {
    const status = layerOf({ 'var/lib/dpkg/status': dpkgStatus({ a: '1', b: '2', c: '3' }) });
    expect(codes(await readBytes(status, { database: 100 }))).toEqual(['too-large']);
  });

  it('lists so many problems, and says that there are more', async () => {
    const layer = await readBytes(tarOf(...Array.from({ length: 50 }, (_, at) => ({ name: `/abs${at}` }))), {
      problems: 10,
    });
    expect(layer.problems).toHaveLength(11);
    expect(layer.problems.at(-1)!.message).toContain('40 more');
    expect(layer.complete).toBe(true);
  });
});

describe('content', () => {
  const chartFile = 'apiVersion: v2\nname: web\nversion: 1.0.0\n';
  const plain = [
    { name: 'web/Chart.yaml', body: chartFile },
    { name: 'web/templates/a.yaml', body: 'kind: ConfigMap' },
  ];
  it('knows a Helm chart', async () => {
    expect((await readBytes(gzipSync(tarOf(...plain)))).content).toBe('chart');
  });

  it.each([
    ['is not packed', tarOf(...plain)],
    ['has an ELF file', gzipSync(tarOf(...plain, { name: 'web/x', body: '\x7fELF' }))],
    ['has a script', gzipSync(tarOf(...plain, { name: 'web/x', body: '#!/bin/sh' }))],
    ['has an execute bit', gzipSync(tarOf(...plain, { name: 'web/x', mode: 0o755 }))],
    ['has a link', gzipSync(tarOf(...plain, { name: 'web/x', flag: '2', link: 'y' }))],
    ['has a hard link', gzipSync(tarOf(...plain, { name: 'web/x', flag: '1', link: 'web/Chart.yaml' }))],
    ['has a device', gzipSync(tarOf(...plain, { name: 'web/x', flag: '3' }))],
    ['has a whiteout', gzipSync(tarOf(...plain, { name: 'web/.wh.x' }))],
    ['has a file beside its folder', gzipSync(tarOf(...plain, { name: 'x' }))],
    ['has a second folder', gzipSync(tarOf(...plain, { name: 'bin/x' }))],
    ['climbs out', gzipSync(tarOf(...plain, { name: 'web/../bin/x' }))],
    ['has no version', gzipSync(tarOf({ name: 'web/Chart.yaml', body: 'apiVersion: v2\nname: web\n' }))],
    ['has another name', gzipSync(tarOf({ name: 'bin/Chart.yaml', body: chartFile }))],
  ])('takes what %s for a file system', async (_what, bytes) => {
    expect((await readBytes(bytes)).content).toBe('filesystem');
  });

  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    predicateType: 'https://slsa.dev/provenance/v1',
  };
  const signed = {
    _type: 'https://in-toto.io/Statement/v1',
    predicateType: 'https://sigstore.dev/cosign/sign/v1',
  };
  const envelope = (value: unknown) => ({
    payloadType: 'application/vnd.in-toto+json',
    payload: Buffer.from(JSON.stringify(value)).toString('base64'),
    signatures: [],
  });
  const bundle = 'application/vnd.dev.sigstore.bundle.v0.3+json';
  it.each([
    ['signature', { critical: { type: 'cosign container image signature', image: {}, identity: {} } }],
    ['signature', { mediaType: bundle, messageSignature: {} }],
    ['signature', { mediaType: bundle, dsseEnvelope: envelope(signed) }],
    ['attestation', { mediaType: bundle, dsseEnvelope: envelope(statement) }],
    ['attestation', envelope(statement)],
    ['attestation', statement],
    ['sbom', { bomFormat: 'CycloneDX' }],
    ['sbom', { spdxVersion: 'SPDX-2.3' }],
    ['other', {}],
    ['other', [1]],
    ['other', { payloadType: 'application/vnd.in-toto+json', payload: '!' }],
  ])('knows JSON that is a document: %s', async (document, value) => {
    expect(await readBytes(Buffer.from(JSON.stringify(value)))).toMatchObject({
      content: 'json',
      document,
      complete: true,
    });
  });

  it('tells empty from opaque', async () => {
    expect((await readBytes(Buffer.alloc(0))).content).toBe('empty');
    expect((await readBytes(endMarker)).content).toBe('empty');
    expect((await readBytes(gzipSync(endMarker))).content).toBe('empty');
    expect((await readBytes(Buffer.from('\0asm\x01\0\0\0'))).content).toBe('opaque');
    expect((await readBytes(Buffer.from('{"a": 1, "a": 2}'))).content).toBe('opaque');
    expect((await readBytes(Buffer.concat([endMarker, Buffer.alloc(2048, 7)]))).content).toBe('opaque');
    const provenance = await readBytes(Buffer.from('-----BEGIN PGP SIGNED MESSAGE-----\n'));
    expect(provenance).toMatchObject({ content: 'opaque', document: 'provenance' });
  });

  it('takes a tar that reads as JSON for the tar that it is', async () => {
    const bytes = tarOf({ name: '{"a":"', body: '"}' });
    expect((await readBytes(bytes)).content).toBe('filesystem');
  });
});

describe('files of note', () => {
  it('flags a packed executable and broken package files', async () => {
    const packed = Buffer.concat([
      Buffer.from('\x7fELF'),
      Buffer.alloc(250),
      Buffer.from('UPX!'),
      Buffer.alloc(300),
    ]);
    expect(codes(await readBytes(tarOf({ name: 'bin/x', body: packed })))).toEqual(['packed']);
    const broken = layerOf({
      'app/node_modules/a/package.json': '{"name": ',
      'a/test/node_modules/b/test/package.json': '{',
    });
    expect(codes(await readBytes(broken))).toEqual(['unreadable-file']);
    const pin = layerOf({ 'etc/apt/preferences.d/a': 'Package: a\nPin: version 1\nPin-Priority: 600\n' });
    expect(codes(await readBytes(pin))).toEqual([]);
    const nameless = layerOf({ 'var/lib/dpkg/status': 'Package: a\nStatus: install ok installed\n' });
    expect(codes(await readBytes(nameless))).toEqual(['unreadable-file']);
  });

  it('flags a file of note that is replaced by one that says less', async () => {
    const path = 'var/lib/dpkg/status';
    const less = tarOf(
      { name: path, body: dpkgStatus({ a: '1', b: '2' }) },
      { name: path, body: dpkgStatus({ a: '1' }) },
    );
    expect(codes(await readBytes(less))).toEqual(['duplicate-entry']);
    const more = tarOf(
      { name: path, body: dpkgStatus({ a: '1' }) },
      { name: path, body: dpkgStatus({ a: '1', b: '2' }) },
    );
    expect(codes(await readBytes(more))).toEqual([]);
  });
});
