import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wharf } from '../../server/src/cli/wharf.fixtures.ts';
import { run, words } from '../harness/command.ts';
import { debianLayouts } from '../harness/debian-image.ts';
import { indexOf } from '../harness/images.ts';
import { entriesOf, types as ociTypes } from '../harness/oci-layout.ts';
import { checkedVerdict, until, visitor, type Pushable, type Told } from '../harness/registry-client.ts';
import { lacksPath, lacksRoot, lacksTools } from '../requirements.ts';
import type { OsvRecord } from '../side-by-side/records.ts';
import { writeTrivyDatabase } from '../side-by-side/trivy-database.ts';
import { requestType, types } from './adapter/media-types.ts';
import { alpineLayouts, recordsWithSeverities, type AlpineLayouts } from './alpine-images.ts';
import {
  bindScanner,
  openSetting,
  startTrivyAdapter,
  type Setting,
  type ToldScan,
  type TrivyAdapter,
} from './setting.ts';

const skips =
  lacksPath('WHARFINGER_TEST_DATA') || lacksTools(['trivy', 'skopeo', 'crane', 'debootstrap']) || lacksRoot();
const secret = 'a-token-of-the-adapter';
const lacking =
  /^(?:not checked yet: the scanner trivy has not reported on it|no report of a scanner is known)/;
const reader = { name: 'reader', password: 'reads-and-nothing-else' };

interface Ours {
  readonly findings: ReadonlyArray<{
    readonly advisory: string;
    readonly package: string;
    readonly version: string;
    readonly severity: string;
  }>;
}

describe.skipIf(skips)('a real Trivy behind an adapter', () => {
  let setting: Setting;
  let adapter: TrivyAdapter;
  let records: OsvRecord[];
  let layouts: AlpineLayouts;
  let cache: string;
  let config: object;
  const inFolder = (name: string): string => join(setting.folder, name);
  const digestOf = (layout: string): string => entriesOf(layout)[0]!.digest;

  beforeAll(async () => {
    const data = process.env['WHARFINGER_TEST_DATA']!;
    records = recordsWithSeverities(data);
    setting = await openSetting(() => ({}));
    cache = inFolder('trivy');
    writeTrivyDatabase(cache, records);
    layouts = alpineLayouts(inFolder('images'), data, records);
    adapter = await startTrivyAdapter(setting.folder, cache, secret);
    const { url } = setting.product;
    await setting.product.stop();
    config = {
      namespaces: [{ name: 'team', gate: 'warn' }],
      users: [{ ...reader, rights: [{ repositories: '**', actions: ['pull'] }] }],
      scanners: {
        run: [
          {
            name: 'trivy',
            url: adapter.url,
            repositories: ['team/**'],
            auth: { type: 'bearer', secret },
            registry: url,
          },
        ],
      },
    };
    await setting.start(config);
    await bindScanner(setting.admin, 'trivy', 'team/**', { severity: 'high' });
    const { json } = await setting.admin.post<{ refusedCount: number }>(
      'advisories',
      records.map((record) => JSON.stringify(record)).join('\n'),
    );
    if (json.refusedCount > 0) throw new Error('not all records were taken in');
  });
  afterAll(async () => {
    await adapter?.[Symbol.asyncDispose]();
    await setting?.[Symbol.asyncDispose]();
  });

  /** Pushes a layout as it is, by skopeo; the digest of its image. */
  async function pushed(layout: string, repository: string): Promise<string> {
    const { host, user, password } = setting.product;
    await run(words`skopeo copy --preserve-digests --dest-tls-verify=false --dest-creds ${user}:${password}
      oci:${layout}:${nameIn(layout)} docker://${host}/${repository}:v1`);
    return digestOf(layout);
  }
  const imageIn = (layout: string): Pushable => ({
    manifest: readFileSync(join(layout, 'blobs', digestOf(layout).replace(':', '/'))),
    mediaType: ociTypes.manifest,
    blobs: new Map(),
  });
  const nameIn = (layout: string): string =>
    entriesOf(layout)[0]!.annotations!['org.opencontainers.image.ref.name']!;

  const reported = async (repository: string, after = ''): Promise<Required<ToldScan>['report']> => {
    const is = ({ report }: ToldScan): boolean => report !== undefined && report.asked > after;
    return (await setting.scanWhen(repository, 'v1', 'trivy', is)).report!;
  };
  /** The verdict, once it holds the image or does not. */
  async function verdict(repository: string, holds: boolean): Promise<Told> {
    let last: Told | undefined;
    return until(
      async () => {
        last = await checkedVerdict(setting.admin, repository, 'v1');
        return (last.outcome === 'hold') === holds ? last : undefined;
      },
      `${repository} to be ${holds ? 'held' : 'released'}`,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; it was ${JSON.stringify(last)}`, { cause: error });
    });
  }
  /** Waits until an image is held by nothing but that there is no report of its scanner. */
  async function lacksReport(repository: string, reference: string): Promise<void> {
    let last: Told | undefined;
    await until(async () => {
      const query = { repository, reference };
      last = (await setting.admin.api<{ verdict?: Told }>('verdict', query)).json.verdict;
      const holding = last?.reasons.filter(({ effect }) => effect === 'hold');
      const [only] = holding ?? [];
      return holding?.length === 1 && only!.routine === 'scanner-report' && lacking.test(only!.message)
        ? true
        : undefined;
    }, `nothing but the report on ${repository} to be missing`).catch((error: unknown) => {
      throw new Error(`${String(error)}; it was ${JSON.stringify(last)}`, { cause: error });
    });
  }
  const readable = async (repository: string): Promise<number> =>
    (await visitor(setting.product.url, reader).send('GET', `/v2/${repository}/manifests/v1`)).status;

  /** What both found, line by line, as far as both say it. */
  async function compared(repository: string): Promise<{ ours: string[]; theirs: string[] }> {
    await checkedVerdict(setting.admin, repository, 'v1');
    const { json } = await setting.admin.api<Ours>('findings', { repository, reference: 'v1' });
    const { findings } = await reported(repository);
    const lines = (
      all: readonly { name: string; version: string; id: string; severity: string }[],
    ): string[] =>
      [
        ...new Set(
          all.map(({ name, version, id, severity }) => {
            const flaw = id.replace(/^DEBCL-/, '').replace(/#\d+$/, '');
            return `${name} ${version} ${flaw} ${severity}`;
          }),
        ),
      ].sort();
    return {
      ours: lines(json.findings.map((one) => ({ ...one, name: one.package, id: one.advisory }))),
      theirs: lines(findings.map((one) => ({ ...one, name: one.package }))),
    };
  }

  it('holds an image until it has reported, and then by what it found, which is what we found', async () => {
    adapter.pause();
    const digest = await pushed(layouts.older, 'team/older');
    await lacksReport('team/older', digest);
    expect(await readable('team/older')).toBe(403);

    adapter.goOn();
    const report = await reported('team/older');
    expect(report).toMatchObject({ scanner: { name: 'Trivy', vendor: 'Aqua Security' } });
    const { ours, theirs } = await compared('team/older');
    expect(theirs).toEqual(ours);
    expect(ours.length).toBeGreaterThan(50);
    expect(new Set(ours.map((line) => line.split(' ').at(-1)))).toEqual(
      new Set(['unscored', 'low', 'medium', 'high', 'critical']),
    );
    const held = await verdict('team/older', true);
    expect(held.reasons.filter(({ effect }) => effect === 'hold').map(({ routine }) => routine)).toEqual([
      'scanner-report',
    ]);
    expect(await readable('team/older')).toBe(403);
  });

  it('passes an image in which it finds nothing', async () => {
    await pushed(layouts.clean, 'team/clean');
    expect((await reported('team/clean')).findings).toEqual([]);
    expect(await compared('team/clean')).toEqual({ ours: [], theirs: [] });
    const { passed } = await verdict('team/clean', false);
    expect(passed).toContain('scanner-report');
    expect(await readable('team/clean')).toBe(200);
  });

  it('agrees with us on Debian as well', async () => {
    const { debian } = await debianLayouts();
    const { host, user, password } = setting.product;
    await run(words`crane auth login ${host} -u ${user} -p ${password}`, {
      env: { DOCKER_CONFIG: setting.folder },
    });
    await run(words`crane push ${debian} ${host}/team/debian:v1 --insecure`, {
      env: { DOCKER_CONFIG: setting.folder },
    });
    const { ours, theirs } = await compared('team/debian');
    expect(theirs).toEqual(ours);
    expect(ours.length).toBeGreaterThan(0);
  });

  it('is asked about images in the format of Docker, and about each image of an index', async () => {
    const { host, user, password } = setting.product;
    await run(words`skopeo copy --format v2s2 --dest-tls-verify=false --dest-creds ${user}:${password}
      oci:${layouts.older}:image docker://${host}/team/docker:v1`);
    const { findings } = await reported('team/docker');
    expect(findings).toHaveLength((await reported('team/older')).findings.length);

    const parts = [layouts.clean, layouts.another('part')];
    for (const layout of parts) await pushed(layout, 'team/index');
    const children = parts.map((layout, at) => ({
      image: imageIn(layout),
      platform: { os: 'linux', architecture: ['amd64', 'arm64'][at]! },
    }));
    await setting.admin.push('team/index', indexOf(children), 'v1');
    const [clean, older] = await Promise.all(
      parts.map(async (layout) => {
        const { outcome, passed } = await checkedVerdict(setting.admin, 'team/index', digestOf(layout));
        return [outcome === 'hold', passed.includes('scanner-report')];
      }),
    );
    expect({ clean, older }).toEqual({ clean: [false, true], older: [true, false] });
  });

  it.each<[status: number, what: string, change: object, type?: string]>([
    [400, 'another type', {}, 'application/json'],
    [400, 'no registry', { registry: undefined }],
    [422, 'no address of a registry', { registry: { url: 'here' } }],
    [422, 'a tag instead of a digest', { artifact: { repository: 'team/older', digest: 'v1' } }],
    [422, 'a path', { artifact: { repository: '../team', digest: `sha256:${'0'.repeat(64)}` } }],
    [501, 'an SBOM', { enabled_capabilities: [{ type: 'sbom' }] }],
  ])('is asked by the interface alone: %i for %s', async (expected, _, change, type = requestType) => {
    const registry = { url: setting.product.url };
    const artifact = { repository: 'team/older', digest: digestOf(layouts.older) };
    const answer = await fetch(`${adapter.url}/api/v1/scan`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': type },
      body: JSON.stringify({ registry, artifact, ...change }),
    });
    expect(answer.status).toBe(expected);
    expect(answer.headers.get('content-type')).toBe(types.error);
    expect(await answer.json()).toEqual({ error: { message: expect.any(String) } });
  });

  it('is shown by the command line', async () => {
    const { host, user, password } = setting.product;
    const environment = { HOME: setting.folder };
    await wharf(['login', host, '--username', user, '--password-stdin'], { environment, input: password });
    const says = async (...given: string[]): Promise<string> => {
      const { output, error, code } = await wharf(given, { environment });
      expect([given, code, error]).toEqual([given, 0, '']);
      return output;
    };
    const { counts, data } = await reported('team/older');
    const found = `${counts['critical']} critical, ${counts['high']} high, `;
    expect(await says('inspect', `${host}/team/older:v1`)).toMatch(`trivy: ${found}`);
    expect(await says('inspect', `${host}/team/clean:v1`)).toMatch('trivy: nothing found');
    expect(await says('scanner', 'report', `${host}/team/older:v1`)).toContain(found);
    const { scanners } = JSON.parse(await says('scanner', 'list', host, '--json')) as { scanners: object[] };
    expect(scanners).toMatchObject([{ name: 'trivy', state: 'ready', url: adapter.url, data, waiting: 0 }]);
    await says('scanner', 'ask', `${host}/team/clean:v1`);
  });

  it('counts for nothing while it is not configured, and for what it said once it is again', async () => {
    setting.reload({ ...config, scanners: { run: [] } });
    await lacksReport('team/clean', digestOf(layouts.clean));
    expect(await readable('team/clean')).toBe(403);
    setting.reload(config);
    await verdict('team/clean', false);
  });

  it('is asked about everything anew by the address that its name stands for, and inherits nothing', async () => {
    const other = inFolder('other');
    writeTrivyDatabase(
      other,
      records.filter(({ database_specific: native }) => native?.severity === 'LOW'),
    );
    const before = (await reported('team/older')).asked;
    adapter.pause();
    await using moved = await startTrivyAdapter(setting.folder, other, secret);
    const { scanners } = config as { scanners: { run: readonly [object] } };
    setting.reload({ ...config, scanners: { run: [{ ...scanners.run[0], url: moved.url }] } });
    await lacksReport('team/older', digestOf(layouts.older));
    adapter.goOn();
    const fewer = await reported('team/older', before);
    expect([...new Set(fewer.findings.map(({ severity }) => severity))]).toEqual(['low']);
    await verdict('team/older', false);
    setting.reload(config);
    await verdict('team/older', true);
    expect((await reported('team/older', fewer.asked)).findings.length).toBeGreaterThan(
      fewer.findings.length,
    );
  });

  it('releases an image when its database says so no more, and holds it when it does again', async () => {
    const asks = async (): Promise<string> => {
      const before = (await reported('team/older')).asked;
      const body = { repository: 'team/older', reference: 'v1' };
      const { status, json } = await setting.admin.post('scans', body);
      expect([status, json]).toEqual([202, expect.objectContaining({ scanners: ['trivy'] })]);
      return before;
    };
    writeTrivyDatabase(
      cache,
      records.filter(({ database_specific: native }) => native?.severity === 'LOW'),
    );
    const fewer = await reported('team/older', await asks());
    expect([...new Set(fewer.findings.map(({ severity }) => severity))]).toEqual(['low']);
    const { passed } = await verdict('team/older', false);
    expect(passed).toContain('scanner-report');
    expect(await readable('team/older')).toBe(200);

    writeTrivyDatabase(cache, records);
    const all = await reported('team/older', await asks());
    expect(all.findings.length).toBeGreaterThan(fewer.findings.length);
    await verdict('team/older', true);
    expect(await readable('team/older')).toBe(403);
  });

  it.each([
    ['before it has begun', undefined],
    ['right after it has begun', 0],
    ['while Trivy runs', 150],
  ])('comes to its report when the server is killed %s', async (_, wait) => {
    const repository = `team/killed-${wait ?? 'early'}`;
    adapter.pause();
    await pushed(layouts.another(`${wait}`), repository);
    await setting.scanWhen(repository, 'v1', 'trivy', ({ state }) => state === 'none');
    if (wait !== undefined) {
      adapter.goOn();
      await pause(wait);
    }
    await setting.product.kill();
    await setting.start();
    adapter.goOn();
    const { findings } = await reported(repository);
    expect(findings.length).toBe((await reported('team/older')).findings.length);
    await verdict(repository, true);
  });
});
