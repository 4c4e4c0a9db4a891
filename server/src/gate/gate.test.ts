import { beforeEach, describe, expect, test } from 'vitest';
import { openMemoryCatalog } from '@wharfinger/lib/catalog/memory';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { parseManifest } from '@wharfinger/lib/oci/manifest';
import { mediaTypes } from '@wharfinger/lib/oci/media-types';
import type { Catalog } from '@wharfinger/lib/catalog/catalog';
import type { Right } from '../config/schema.ts';
import { createGate, type Gate } from './gate.ts';
import { createVerdictMemory, type GateVerdict, type VerdictMemory } from './verdict-memory.ts';

const start = new Date('2026-11-22T10:00:00Z');
const blob = digestOf('a layer');
const allow: GateVerdict = { serves: true, reasons: [], validUntil: Infinity };
const held: GateVerdict = { serves: false, reasons: ['it is not signed'], validUntil: Infinity };

let now: Date;
let catalog: Catalog;
let memory: VerdictMemory;
let verdicts: Map<string, GateVerdict>;
let judged: string[];
let examiners: Record<string, Right>;
let heldReads: string[];
let gate: Gate;

beforeEach(() => {
  now = start;
  catalog = openMemoryCatalog();
  memory = createVerdictMemory();
  verdicts = new Map();
  judged = [];
  examiners = {};
  heldReads = [];
  gate = createGate({
    catalog,
    memory,
    verdictOf: async (repository, digest) => {
      judged.push(digest);
      const since = memory.mark();
      const verdict = verdicts.get(digest) ?? held;
      memory.set(repository, digest, verdict, since);
      return verdict;
    },
    may: (caller, right) => examiners[caller.principal ?? ''] === right,
    onHeldRead: (question, by) => heldReads.push(`${question.caller.principal} as ${by}`),
    readBackMs: 3_600_000,
    now: () => now,
  });
});

const by = (principal: string | null) => ({ principal, address: '127.0.0.1', client: 'test' });

async function push(name: string, repository = 'team/app', principal: string | null = 'publisher') {
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      annotations: { name },
      config: { mediaType: mediaTypes.ociConfig, digest: digestOf('{}'), size: 2 },
      layers: [{ mediaType: mediaTypes.ociLayer, digest: blob, size: 7 }],
    }),
  );
  const digest = digestOf(bytes);
  await catalog.linkBlob({ repository, digest: blob, size: 7, location: 'x', by: principal, at: now });
  await catalog.putManifest({
    repository,
    digest,
    bytes,
    manifest: parseManifest(bytes, mediaTypes.ociManifest),
    tags: [],
    missing: [digestOf('{}')],
    by: principal,
    at: now,
  });
  memory.touch(repository);
  return { repository, digest };
}

const askManifest = (
  image: { repository: string; digest: `sha256:${string}` | `sha512:${string}` },
  who: string | null,
) => gate.manifest({ caller: by(who), ...image });
const askBlob = (repository: string, who: string | null) =>
  gate.blob({ caller: by(who), repository, digest: blob });

describe('manifests', () => {
  test('what passed is served, and the second time without a promise', async () => {
    const image = await push('a');
    verdicts.set(image.digest, allow);
    expect(await askManifest(image, null)).toEqual({ serve: true });
    expect(askManifest(image, null)).toEqual({ serve: true });
    expect(judged).toHaveLength(1);
  });

  test('what is held is refused with the reasons', async () => {
    const image = await push('a');
    expect(await askManifest(image, 'reader')).toEqual({ serve: false, reasons: ['it is not signed'] });
    expect(await askManifest(image, null)).toEqual({ serve: false, reasons: ['it is not signed'] });
  });

  test('a verdict ends when its time is over', async () => {
    const image = await push('a');
    verdicts.set(image.digest, { ...allow, validUntil: start.getTime() + 1000 });
    expect(await askManifest(image, null)).toEqual({ serve: true });
    now = new Date(start.getTime() + 1000);
    verdicts.set(image.digest, held);
    expect(await askManifest(image, null)).toMatchObject({ serve: false });
  });

  test('its publisher reads back for an hour, which is recorded; nobody else does', async () => {
    const image = await push('a');
    expect(await askManifest(image, 'publisher')).toEqual({ serve: true });
    expect(heldReads).toEqual(['publisher as publisher']);
    expect(await askManifest(image, 'other')).toMatchObject({ serve: false });
    now = new Date(start.getTime() + 3_600_000);
    expect(await askManifest(image, 'publisher')).toMatchObject({ serve: false });
  });

  test('anonymous never reads back, whoever pushed', async () => {
    const image = await push('a', 'team/app', null);
    expect(await askManifest(image, null)).toMatchObject({ serve: false });
  });

  test.each(['sign', 'inspect'] as const)('who may %s reads what is held', async (right) => {
    const image = await push('a');
    examiners = { examiner: right };
    expect(await askManifest(image, 'examiner')).toEqual({ serve: true });
    expect(heldReads).toEqual(['examiner as examiner']);
  });

  test('to release, push or delete opens nothing', async () => {
    const image = await push('a');
    for (const right of ['release', 'push', 'delete', 'pull'] as const) {
      examiners = { someone: right };
      expect(await askManifest(image, 'someone')).toMatchObject({ serve: false });
    }
  });

  test('a judgement that was overtaken by a change is not remembered', () => {
    const since = memory.mark();
    memory.forget('team/app', blob);
    memory.set('team/app', blob, allow, since);
    expect(memory.get('team/app', blob, start.getTime())).toBeUndefined();
    memory.forgetAll();
    memory.set('team/app', blob, allow, since);
    expect(memory.get('team/app', blob, start.getTime())).toBeUndefined();
  });
});

describe('blobs', () => {
  test('a blob is served by a manifest of this repository that is', async () => {
    const bad = await push('bad');
    expect(await askBlob('team/app', 'reader')).toEqual({ serve: false, reasons: ['it is not signed'] });
    const good = await push('good');
    verdicts.set(good.digest, allow);
    // The verdict that the first question brought changed what is known of the repository; then all lies in memory.
    expect(await askBlob('team/app', 'reader')).toEqual({ serve: true });
    expect(await askBlob('team/app', 'reader')).toEqual({ serve: true });
    expect(askBlob('team/app', 'reader')).toEqual({ serve: true });
    verdicts.set(good.digest, held);
    memory.forget('team/app', good.digest);
    expect(await askBlob('team/app', 'reader')).toMatchObject({ serve: false });
    expect(bad.digest).not.toBe(good.digest);
  });

  test('another repository that serves it opens nothing here', async () => {
    const elsewhere = await push('good', 'team/other');
    verdicts.set(elsewhere.digest, allow);
    await push('bad', 'team/app');
    expect(await askBlob('team/other', 'reader')).toEqual({ serve: true });
    expect(await askBlob('team/app', 'reader')).toMatchObject({ serve: false });
  });

  test('a blob that no manifest refers to is for its publisher alone', async () => {
    await catalog.linkBlob({
      repository: 'team/app',
      digest: blob,
      size: 7,
      location: 'x',
      by: 'publisher',
      at: now,
    });
    expect(await askBlob('team/app', 'reader')).toMatchObject({ serve: false });
    expect(await askBlob('team/app', 'publisher')).toEqual({ serve: true });
  });

  test('an answer ends with the verdict that it rests on', async () => {
    const image = await push('good');
    verdicts.set(image.digest, { ...allow, validUntil: start.getTime() + 1000 });
    expect(await askBlob('team/app', 'reader')).toEqual({ serve: true });
    verdicts.set(image.digest, held);
    now = new Date(start.getTime() + 1000);
    expect(await askBlob('team/app', 'reader')).toMatchObject({ serve: false });
  });
});
