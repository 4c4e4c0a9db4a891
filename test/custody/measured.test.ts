import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import { parseOsv } from '@wharfinger/lib/advisories/osv';
import { pushBlob } from '@wharfinger/lib/client/blobs';
import { remoteContent } from '@wharfinger/lib/client/content-source';
import { pushManifest } from '@wharfinger/lib/client/manifests';
import { pushArtifact } from '@wharfinger/lib/client/referrers';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { startDockerRegistry } from '@wharfinger/lib/client/testing/docker-registry';
import type { CustodyLayout } from '@wharfinger/lib/custody/layout';
import { makeLayerLink, type LinkedParent } from '@wharfinger/lib/custody/make/make-link';
import { fetchImage } from '@wharfinger/lib/custody/read-image';
import { verifiedChain } from '@wharfinger/lib/custody/verified-source';
import { parseDigest } from '@wharfinger/lib/oci/digest';
import { predicateTypes } from '@wharfinger/lib/oci/wharfinger-names';
import type { Facts } from '@wharfinger/lib/routines/facts';
import type { Verdict } from '@wharfinger/lib/routines/verdict';
import { parsePrivateKey, type SigningKey } from '@wharfinger/lib/signing/private-keys';
import { signStatement } from '@wharfinger/lib/signing/sign-statement';
import { verifyImage } from '@wharfinger/lib/verify-image';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wharf } from '../../server/src/cli/wharf.fixtures.ts';
import {
  admin,
  adminPassword,
  settled,
  startTestServer,
  until,
  type TestServer,
} from '../../server/src/testing/running-server.ts';
import { imageOf, layerOf, smallRoot, type Layer } from '../harness/images.ts';
import { types } from '../harness/oci-layout.ts';
import { sha256, type Pushable } from '../harness/registry-client.ts';
import { lacksTools } from '../requirements.ts';

const pem = (): SigningKey =>
  parsePrivateKey(
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
    undefined,
  );
const keys = { base: pem(), app: pem() };

const stage = { approvals: { needed: 0, roles: {}, signers: [] }, intake: false };
const layout: CustodyLayout = {
  name: 'prod',
  registry: 'wharfinger',
  stages: [
    {
      ...stage,
      name: 'base',
      repositories: ['base/**'],
      teams: [{ team: 'platform', signers: ['base'] }],
      kinds: ['origin'],
    },
    {
      ...stage,
      name: 'app',
      repositories: ['prod/**'],
      teams: [{ team: 'payments', signers: ['app'] }],
      kinds: ['extend'],
    },
  ],
};

const left = layerOf({
  name: 'app/node_modules/left/package.json',
  body: JSON.stringify({ name: 'left', version: '1.0.0', license: 'MIT' }),
});
const tool = smallRoot('tool');
const again = (layer: Layer): Layer => ({ ...layer, bytes: gzipSync(gunzipSync(layer.bytes), { level: 1 }) });

const base = imageOf([left]);
const images = {
  'prod/app': imageOf([left, tool]),
  /** the base layer in other bytes */
  'prod/again': imageOf([again(left), tool]),
  /** the config claims the content of the base's layer for a blob that holds another */
  'prod/swapped': imageOf([{ ...smallRoot('evil'), diffId: left.diffId }, tool]),
  /** the config lies about a layer of its own */
  'prod/lie': imageOf([left, { ...tool, diffId: left.diffId }]),
};

const advisory = {
  id: 'TEST-left',
  modified: '2026-01-01T00:00:00Z',
  summary: 'left does what it should not',
  affected: [
    {
      package: { ecosystem: 'npm', name: 'left' },
      ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '2.0.0' }] }],
    },
  ],
};

describe.skipIf(lacksTools(['docker-registry']))('layers of a chain that somebody measured', () => {
  let folder: string;
  let server: TestServer;
  let plain: Awaited<ReturnType<typeof startDockerRegistry>>;
  let sessions: RegistrySession[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wharf-measured-'));
    plain = await startDockerRegistry();
    server = await startTestServer({
      namespaces: [{ name: '*', gate: 'warn' }],
      trust: [
        {
          repositories: '**',
          keys: Object.entries(keys).map(([name, { publicPem }]) => ({
            name,
            pem: publicPem,
            purposes: ['stamp'],
          })),
        },
      ],
    });
    await post('advisories', `${JSON.stringify(advisory)}\n`);
    await post('bindings', {
      id: 'custody',
      collection: 'standard',
      routine: 'custody-complete',
      scope: { repositories: ['prod/**'] },
      purposes: ['pull'],
      effect: 'warn',
    });
    await post('layouts', { pattern: 'prod/**', layout });
    const credentials = { username: 'admin', password: adminPassword };
    sessions = [
      new RegistrySession(server.address, { credentials, insecure: true }),
      new RegistrySession(plain.host, { insecure: true }),
    ];
    const parent = await publish('base/debian', base, 'platform', 'base');
    for (const [repository, image] of Object.entries(images))
      await publish(repository, image, 'payments', 'app', parent);
    await settled(server);
    await writeFile(join(folder, 'osv.jsonl'), `${JSON.stringify(advisory)}\n`);
    await writeFile(join(folder, 'judgement.json'), (await get('/api/v1/judgement')).text);
    await writeFile(join(folder, 'registry.pub'), (await get('/api/v1/registry/key')).text);
  });
  afterAll(async () => {
    await Promise.all(sessions.map((session) => session.close()));
    await server[Symbol.asyncDispose]();
    await plain.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const get = (path: string) => server.call('GET', path, { as: admin });
  async function post(path: string, body: object | string): Promise<void> {
    const { status, text } = await server.call('POST', `/api/v1/${path}`, { as: admin, body });
    if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
  }

  /** Pushes an image to both registries with the same link. */
  async function publish(
    repository: string,
    image: Pushable,
    team: string,
    key: keyof typeof keys,
    parent?: LinkedParent,
  ): Promise<LinkedParent> {
    for (const session of sessions) await push(session, repository, image);
    const digest = parseDigest(sha256(image.manifest));
    const trust = {
      signers: [],
      formats: [],
      sigstoreRoots: {},
      trustStores: {},
      certificateRevocations: [],
      revocations: [],
    };
    const now = new Date();
    const source = verifiedChain((name) => remoteContent(sessions[1]!, name), trust, now);
    const read = (await fetchImage(source, { repository, digest }))!;
    const predicate = makeLayerLink({
      image: read,
      registry: layout.registry,
      team,
      from: now,
      until: new Date(now.getTime() + 3_600_000),
      // an attacker's tools do not measure
      measured: new Map(
        [...read.layers, ...(parent?.image.layers ?? [])].map(({ digest: blob, diffId }) => [blob, diffId]),
      ),
      ...(parent && { parent }),
    });
    const { mediaType, manifest } = image;
    const statement = { predicateType: predicateTypes.layerLink, predicate };
    const signed = signStatement({ mediaType, digest, size: manifest.length }, statement, keys[key], now);
    for (const session of sessions) await pushArtifact(session, repository, signed);
    return { image: read, link: signed.payloadDigest, seq: predicate.seq };
  }

  async function inRegistry(repository: string): Promise<Facts> {
    const path = `/api/v1/images?repository=${repository}&reference=v1`;
    let facts: Facts | undefined;
    await until(async () => {
      ({ facts } = (await get(path)).json() as unknown as { facts: Facts });
      return facts.inventory !== undefined && facts.findings !== undefined && isMeasured(facts);
    });
    return facts!;
  }

  /** The base may be inspected last. */
  const isMeasured = ({ custody, image }: Facts): boolean =>
    image.repository !== 'prod/again' || custody?.complete === true;

  async function inLibrary(repository: string): Promise<Facts> {
    const { facts } = await verifyImage(`${plain.host}/${repository}:v1`, {
      judgement: Buffer.from((await get('/api/v1/judgement')).text),
      registryKeys: [(await get('/api/v1/registry/key')).text],
      now: new Date(),
      purpose: 'pull',
      advisories: { records: () => [parseOsv(advisory)] },
    });
    return facts;
  }

  async function inCommandLine(command: string, repository: string, ...more: string[]) {
    const files = ['--judgement', 'judgement.json', '--registry-key', 'registry.pub'];
    const given = [command, `${plain.host}/${repository}:v1`, ...files, '--advisories', 'osv.jsonl', ...more];
    return wharf(given, { folder, environment: { HOME: folder } });
  }

  const expected: Record<keyof typeof images, readonly string[]> = {
    'prod/app': [],
    'prod/again': [],
    'prod/swapped': ['base-blob-swapped', 'diff-id-lie'],
    'prod/lie': ['diff-id-lie'],
  };

  test.each(Object.entries(expected))('%s is the same everywhere', async (repository, codes) => {
    const [server_, library] = [await inRegistry(repository), await inLibrary(repository)];
    expect(server_.custody).toEqual(library.custody);
    expect(server_.findings?.map(({ advisory: id, team }) => [id, team])).toEqual(
      library.findings?.map(({ advisory: id, team }) => [id, team]),
    );
    const { problems, complete } = library.custody!;
    expect([...new Set(problems.map(({ code }) => code))].sort()).toEqual(codes);
    expect(complete).toBe(codes.length === 0);
    const asked = await get(`/api/v1/verdict?repository=${repository}&reference=v1`);
    const { output } = await inCommandLine('verify', repository, '--json');
    const verdicts = [asked.text, output].map((json) => (JSON.parse(json) as { verdict: Verdict }).verdict);
    expect({ ...verdicts[0], at: '' }).toEqual({ ...verdicts[1], at: '' });
    const reason = verdicts[0]!.reasons.find(({ routine }) => routine === 'custody-complete');
    expect(reason?.details.length ?? 0).toBe(problems.length);
  });

  test('an archive takes the layer along that has to be measured, and is judged alike without a network', async () => {
    const auth = Buffer.from(admin).toString('base64');
    await writeFile(join(folder, 'config.json'), JSON.stringify({ auths: { [server.address]: { auth } } }));
    const options = { folder, environment: { HOME: folder, DOCKER_CONFIG: folder } };
    await inRegistry('prod/again');
    const saved = await wharf(['save', `${server.address}/prod/again:v1`, '-o', 'again.tar'], options);
    expect(saved).toMatchObject({ code: 0 });
    const given = ['verify', '--offline', 'again.tar', '--registry-key', 'registry.pub', '--json'];
    const { code, output, error } = await wharf(given, options);
    expect([code, error]).toEqual([0, '']);
    expect(output).not.toContain('base-blob-swapped');
  });

  test('a finding is owed by the team whose layer brought it, and its verdict says so', async () => {
    for (const { findings } of [await inRegistry('prod/app'), await inLibrary('prod/app')])
      expect(findings).toMatchObject([{ advisory: 'TEST-left', package: 'left', team: 'platform' }]);
    const { output } = await inCommandLine('findings', 'prod/app');
    expect(output).toMatch(/LAYER +TEAM/);
    expect(output).toMatch(/TEST-left .*platform/);
    const verdict = await inCommandLine('verdict', 'prod/app');
    expect(verdict.output).toMatch(/left 1\.0\.0: TEST-left .*\(platform\)/);
  });
});

async function push(
  session: RegistrySession,
  repository: string,
  { manifest, mediaType, blobs }: Pushable,
): Promise<void> {
  for (const [digest, bytes] of blobs) {
    const descriptor = { mediaType: types.config, digest: parseDigest(digest), size: bytes.length };
    await pushBlob(session, repository, descriptor, () => Readable.from([bytes]));
  }
  await pushManifest(session, repository, 'v1', { mediaType, bytes: manifest });
}
