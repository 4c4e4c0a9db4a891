import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Advisory } from '@wharfinger/lib/advisories/advisory';
import { parseOsv } from '@wharfinger/lib/advisories/osv';
import type { KnownAdvisories } from '@wharfinger/lib/assess/match-advisories';
import { pushBlob } from '@wharfinger/lib/client/blobs';
import { pushManifest } from '@wharfinger/lib/client/manifests';
import { pushArtifact } from '@wharfinger/lib/client/referrers';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { startDockerRegistry } from '@wharfinger/lib/client/testing/docker-registry';
import { parseDigest } from '@wharfinger/lib/oci/digest';
import { parsePrivateKey, type SigningKey } from '@wharfinger/lib/signing/private-keys';
import { signImage } from '@wharfinger/lib/signing/sign-image';
import {
  admin,
  adminPassword,
  startTestServer,
  until,
  type TestServer,
} from '../../server/src/testing/running-server.ts';
import { imageConfig, layerOf, manifestOf } from '../harness/images.ts';
import { types } from '../harness/oci-layout.ts';
import type { Pushable } from '../harness/registry-client.ts';
import { sha256 } from '../harness/registry-client.ts';
import { cases, gates, signatures, type Case } from './cases.ts';

/** A registry under test and a plain one with the same images, and what the first one judges by as others get it. */
export interface Setting {
  readonly server: TestServer;
  /** host:port of Debian's docker-registry */
  readonly plain: string;
  readonly judgement: () => Promise<Uint8Array>;
  readonly registryKey: string;
  readonly advisories: KnownAdvisories;
  /** the same as files */
  readonly files: {
    readonly folder: string;
    readonly judgement: string;
    readonly registryKey: string;
    readonly advisories: string;
  };
  /** Whether somebody who may only pull gets the image. */
  isServed(repository: string): Promise<boolean>;
  close(): Promise<void>;
}

const reader = 'reader:password-of-reader';
const day = 24 * 3_600_000;
const inDays = (days: number): string => new Date(Date.now() + days * day).toISOString();

/** Signers by the state that they are in. */
const keys: Readonly<Record<Case['signature'], SigningKey>> = Object.fromEntries(
  signatures.map((name) => [name, newKey()]),
) as Record<Case['signature'], SigningKey>;

function newKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return parsePrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }), undefined);
}

/** What the configuration says of the signer of a state. */
function trusted(signature: Case['signature']) {
  const name = signature === 'none' || signature === 'stranger' ? 'good' : signature;
  return {
    name,
    pem: keys[name].publicPem,
    ...(signature === 'future' ? { validFrom: '2099-01-01T00:00:00Z' } : {}),
    ...(signature === 'over' ? { validTo: '2020-01-01T00:00:00Z' } : {}),
    ...(signature === 'stamp' ? { purposes: ['stamp'] } : {}),
  };
}

const namespaces = gates.flatMap((gate) =>
  signatures.map((signature) => ({
    name: `${gate}-${signature}`,
    ...(gate === 'official' ? { official: true } : { gate }),
  })),
);

const osv = ['other', 'left'].map((name) => ({
  id: `TEST-${name}`,
  modified: '2026-01-01T00:00:00Z',
  published: '2026-01-01T00:00:00Z',
  summary: `${name} does what it should not`,
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
  affected: [
    {
      package: { ecosystem: 'npm', name },
      ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '2.0.0' }] }],
    },
  ],
}));

const scope = (end: string) => ({ repositories: [`*/${end}`] });
const waiver = { routine: 'no-fixable-vulnerabilities', owner: 'reader', reason: 'is being replaced' };
const binding = {
  collection: 'standard',
  routine: 'non-root',
  parameters: {},
  purposes: ['pull', 'deploy'],
  effect: 'deny',
};

/** What is put in force by the API, before any image is there. */
const records: ReadonlyArray<readonly [path: string, body: object]> = [
  ['waivers', { id: 'open', ...waiver, scope: scope('waived-*'), from: inDays(-1), expires: inDays(1) }],
  ['waivers', { id: 'lapsed', ...waiver, scope: scope('lapsed-*'), from: inDays(-2), expires: inDays(-1) }],
  [
    'bindings',
    { id: 'open', ...binding, scope: scope('*-open'), window: { from: inDays(-1), until: inDays(1) } },
  ],
  ['bindings', { id: 'closed', ...binding, scope: scope('*-closed'), window: { until: inDays(-1) } }],
  ['bindings', { id: 'grace', ...binding, scope: scope('*-grace'), graceUntil: inDays(2) }],
];

/** Starts both registries, fills them, and waits until every image was judged. */
export async function openSetting(): Promise<Setting> {
  const folder = await mkdtemp(join(tmpdir(), 'wharfinger-one-verdict-'));
  const plain = await startDockerRegistry();
  const server = await startTestServer({
    namespaces,
    trust: gates.flatMap((gate) =>
      signatures.map((signature) => ({
        repositories: `${gate}-${signature}/**`,
        keys: [trusted(signature)],
      })),
    ),
    users: [
      { name: 'reader', password: 'password-of-reader', rights: [{ repositories: '**', actions: ['pull'] }] },
    ],
  });
  const post = async (path: string, body: object | string): Promise<void> => {
    const { status, text } = await server.call('POST', `/api/v1/${path}`, { as: admin, body });
    if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
  };
  const lines = osv.map((record) => JSON.stringify(record)).join('\n');
  await post('advisories', `${lines}\n`);
  for (const [path, body] of records) await post(path, body);
  await post('keys/revoke', { key: 'revoked', reason: 'it was lost' });
  const credentials = { username: 'admin', password: adminPassword };
  await using sessions = new AsyncDisposableStack();
  const targets = [
    new RegistrySession(server.address, { credentials, insecure: true }),
    new RegistrySession(plain.host, { insecure: true }),
  ];
  for (const session of targets) sessions.defer(() => session.close());
  await eachOf(cases, async (one) => {
    const image = imageFor(one);
    await Promise.all(targets.map((session) => push(session, one, image)));
    if (one.rule === 'held')
      await post('holds', { repository: one.repository, reference: 'v1', reason: 'looks odd' });
  });
  await eachOf(cases, ({ repository }) => judged(server, repository));
  const judgement = async (): Promise<Buffer> =>
    Buffer.from((await server.call('GET', '/api/v1/judgement', { as: admin })).text);
  const registryKey = (await server.call('GET', '/api/v1/registry/key')).text;
  const files = {
    folder,
    judgement: join(folder, 'judgement.json'),
    registryKey: join(folder, 'registry.pub'),
    advisories: join(folder, 'osv.jsonl'),
  };
  await writeFile(files.judgement, await judgement());
  await writeFile(files.registryKey, registryKey);
  await writeFile(files.advisories, lines);
  const advisories: Advisory[] = osv.map((record) => parseOsv(record));
  return {
    server,
    plain: plain.host,
    judgement,
    registryKey,
    advisories: { records: () => advisories },
    files,
    async isServed(repository) {
      const path = `/v2/${repository}/manifests/v1`;
      return (await server.call('GET', path, { as: reader })).status === 200;
    },
    async close() {
      await server[Symbol.asyncDispose]();
      await plain.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Some at a time, in their order. */
async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const worker = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: 6 }, worker));
}

/** An image that runs as root, with what its flaw is about. */
function imageFor({ repository, flaw }: Case): Pushable {
  const version = flaw === 'clean' || flaw === 'uncovered' ? '2.0.0' : '1.0.0';
  const npm = {
    name: 'app/node_modules/left/package.json',
    body: JSON.stringify({ name: 'left', version, license: 'MIT' }),
  };
  const pypi = {
    name: 'usr/lib/python3/dist-packages/odd-1.0.dist-info/METADATA',
    body: 'Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n',
  };
  const layers = [layerOf(flaw === 'uncovered' ? pypi : npm)];
  return manifestOf(layers, imageConfig(layers, { user: '', labels: { case: repository } }), {});
}

async function push(
  session: RegistrySession,
  { repository, signature }: Case,
  { manifest, mediaType, blobs }: Pushable,
): Promise<void> {
  for (const [digest, bytes] of blobs) {
    const descriptor = { mediaType: types.config, digest: parseDigest(digest), size: bytes.length };
    await pushBlob(session, repository, descriptor, () => Readable.from([bytes]));
  }
  await pushManifest(session, repository, 'v1', { mediaType, bytes: manifest });
  if (signature === 'none') return;
  const subject = { mediaType, digest: parseDigest(sha256(manifest)), size: manifest.length };
  // of a fixed time, so that both registries have the same signature
  await pushArtifact(session, repository, signed.get(subject.digest) ?? remember(subject, signature));
}

const signed = new Map<string, ReturnType<typeof signImage>>();

function remember(subject: Parameters<typeof signImage>[0], signature: Case['signature']) {
  const made = signImage(subject, keys[signature], new Date('2026-01-01T00:00:00Z'));
  signed.set(subject.digest, made);
  return made;
}

async function judged(server: TestServer, repository: string): Promise<void> {
  await until(async () => {
    const path = `/api/v1/verdict?repository=${repository}&reference=v1`;
    const { verdict } = (await server.call('GET', path, { as: admin })).json();
    return !JSON.stringify(verdict).includes('not checked yet');
  });
}
