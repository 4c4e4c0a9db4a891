import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wharf, type Ran } from '../../server/src/cli/wharf.fixtures.ts';
import { run } from '../harness/command.ts';
import { imageOf, layerOf, smallRoot } from '../harness/images.ts';
import { checkedVerdict, sha256, until, type Pushable } from '../harness/registry-client.ts';
import { lacksRoot, lacksTools } from '../requirements.ts';
import { bindProbe, openSetting, probeOf, type Setting } from './setting.ts';

/** What gitleaks finds, as a probe says it: its own report, by a template. */
const template = `{"findings":[{{range $i, $f := .}}{{if $i}},{{end}}{"rule":{{toJson $f.RuleID}},"severity":"critical",
"path":{{toJson (trimPrefix "/subject/rootfs/" $f.File)}},"line":{{$f.StartLine}},"message":{{toJson $f.Description}}}{{end}}]}`;

function gitleaks(version = '1'): Pushable {
  const program = execFileSync('sh', ['-c', 'command -v gitleaks'], { encoding: 'utf8' }).trim();
  const options = ['--no-banner', '--log-level', 'error', '--exit-code', '0', '--report-path', '-'];
  const report = ['--report-format', 'template', '--report-template', '/findings.tmpl'];
  return probeOf(
    'gitleaks',
    [
      { name: 'gitleaks', body: readFileSync(program), mode: 0o755 },
      { name: 'findings.tmpl', body: template },
      { name: 'version', body: version },
    ],
    ['/gitleaks', 'dir', '/subject/rootfs', ...options, ...report],
    { memoryMiB: 400, processes: 200, seconds: 120 },
  );
}

/** A key that nobody else has: scanners know those of examples. */
const secret = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});

const leak = layerOf({ name: 'srv/id_rsa', body: secret, mode: 0o600 });
const leaky = imageOf([smallRoot('leaky'), leak]);
const mended = imageOf([smallRoot('leaky'), leak, layerOf({ name: 'srv/.wh.id_rsa' })]);

describe.skipIf(lacksTools(['dockerd', 'docker', 'gitleaks']) || lacksRoot())('a scanner as a probe', () => {
  let setting: Setting;
  let probe: Pushable;
  const inFolder = (name: string): string => join(setting.folder, name);
  const cli = (...given: string[]): Promise<Ran> =>
    wharf(given, { environment: { HOME: setting.folder, WHARF_KEY_PASSWORD: 'a password' } });
  const pushed = async (repository: string, image: Pushable): Promise<string> =>
    setting.admin.push(repository, image, 'v1');
  const verdictOn = (repository: string, digest: string) => checkedVerdict(setting.admin, repository, digest);

  beforeAll(async () => {
    probe = gitleaks();
    setting = await openSetting([{ name: 'gitleaks', image: probe }]);
    await setting.admin.push('probes/gitleaks', probe, '1');
    await bindProbe(setting.admin, 'gitleaks');
    await wharf(['login', setting.product.host, '--username', setting.product.user, '--password-stdin'], {
      environment: { HOME: setting.folder },
      input: setting.product.password,
    });
  });
  afterAll(() => setting[Symbol.asyncDispose]());

  it('finds a key, by which the image is held, and passes the image without it', async () => {
    const bad = await pushed('team/app', leaky);
    const held = await verdictOn('team/app', bad);
    expect(held.outcome).toBe('hold');
    const [reason] = held.reasons.filter(({ routine }) => routine === 'probe-passed');
    expect(reason?.message).toBe('the probe gitleaks found 1 at or above low: private-key in srv/id_rsa');
    expect(JSON.stringify(held)).not.toContain('BEGIN PRIVATE KEY');
    const good = await pushed('team/app', mended);
    // the key still lies in the layer below, of which a routine warns: the probe looks at the files that there are
    const passed = await verdictOn('team/app', good);
    expect(passed).toMatchObject({ outcome: 'warn', passed: expect.arrayContaining(['probe-passed']) });
    expect(passed.reasons.map(({ routine }) => routine)).toContain('no-secrets');
    expect(await setting.leftovers()).toEqual([]);
  });

  it('gives the same verdict to the command line, from the signed statement alone', async () => {
    const { host } = setting.product;
    await cli('judgement', 'export', host, '-o', inFolder('judgement.json'));
    await cli('judgement', 'key', host, '-o', inFolder('registry.pub'));
    const by = [
      '--local',
      '--judgement',
      inFolder('judgement.json'),
      '--registry-key',
      inFolder('registry.pub'),
    ];
    for (const image of [leaky, mended]) {
      const digest = sha256(image.manifest);
      const asked = await verdictOn('team/app', digest);
      const { output } = await cli('verdict', `${host}/team/app@${digest}`, ...by, '--json');
      const told = JSON.parse(output) as { verdict: typeof asked };
      // here nobody has advisories, which the registry has a record of: what the probe found is compared
      const ofProbe = ({ reasons, passed }: typeof asked) => [
        reasons.find(({ routine }) => routine === 'probe-passed')?.message,
        passed.includes('probe-passed'),
      ];
      expect(ofProbe(told.verdict)).toEqual(ofProbe(asked));
      expect(ofProbe(asked)[1]).toBe(image === mended);
    }
  });

  it('runs by the command line too, and leaves nothing in the engine', async () => {
    const { host } = setting.product;
    const reference = `${host}/probes/gitleaks@${sha256(probe.manifest)}`;
    const digest = sha256(leaky.manifest);
    const image = `${host}/team/app@${digest}`;
    const { code, output, error } = await cli(
      'probe',
      'run',
      reference,
      image,
      '--engine',
      setting.engine,
      '--json',
    );
    expect([code, error]).toEqual([0, '']);
    expect(JSON.parse(output)).toMatchObject({
      probe: { name: 'gitleaks', digest: sha256(probe.manifest) },
      image: { digest },
      complete: true,
      result: { findings: [{ rule: 'private-key', severity: 'critical', path: 'srv/id_rsa', line: 1 }] },
    });
    expect(await setting.leftovers()).toEqual([]);
    const listed = await cli('probe', 'list', host, '--json');
    expect(JSON.parse(listed.output)).toMatchObject({
      probes: [{ name: 'gitleaks', repositories: 'team/**', digest: sha256(probe.manifest) }],
    });
  });

  it('is pushed and signed by one command, which refuses what is no probe', async () => {
    const { host } = setting.product;
    await cli('key', 'generate', '--output-key-prefix', inFolder('security'));
    const from = `${host}/probes/gitleaks@${sha256(probe.manifest)}`;
    const done = await cli('probe', 'push', from, `${host}/probes/copy:1`, '--key', inFolder('security.key'));
    expect([done.code, done.error]).toEqual([0, '']);
    expect(done.output).toContain(`probe: 'probes/copy@${sha256(probe.manifest)}'`);
    await pushed('team/plain', mended);
    const refused = await cli('probe', 'push', `${host}/team/plain:v1`, `${host}/probes/plain:1`);
    expect([refused.code, refused.error]).toEqual([1, expect.stringContaining('it has no label')]);
  });

  it('counts no more when another one is pinned, until that one has run', async () => {
    const digest = sha256(mended.manifest);
    const next = gitleaks('2');
    await setting.admin.push('probes/gitleaks', next, '2');
    await setting.restart({ bound: [{ name: 'gitleaks', image: next }], engine: false });
    const { json } = await until(async () => {
      const answer = await setting.admin.api<{
        verdict?: { outcome: string; reasons: ReadonlyArray<{ message: string }> };
      }>('verdict', { repository: 'team/app', reference: digest });
      return answer.json.verdict?.outcome === 'hold' ? answer : undefined;
    }, 'the image to be held again');
    expect(json.verdict?.reasons.map(({ message }) => message)).toContain(
      'not checked yet: the probe gitleaks was not run on it',
    );
    await setting.restart({ engine: true });
    expect((await verdictOn('team/app', digest)).outcome).toBe('warn');
  });

  it('is not run unless it is signed where that is asked', async () => {
    const unsigned = gitleaks('3');
    await setting.restart({ bound: [{ name: 'gitleaks', image: unsigned, signedBy: 'security' }] });
    await setting.admin.push('probes/gitleaks', unsigned, '3');
    const digest = await pushed('team/other', leaky);
    await until(
      async () => (setting.product.log().includes('has no signature by security') ? true : undefined),
      'the log to say that it is not signed',
    );
    const { json } = await setting.admin.api<{ verdict: { outcome: string } }>('verdict', {
      repository: 'team/other',
      reference: digest,
    });
    expect(json.verdict.outcome).toBe('hold');
    expect(await setting.leftovers()).toEqual([]);
  });

  it('sees what a real engine lays out of the same image', async () => {
    mkdirSync(inFolder('seen'));
    const layers = [
      { name: 'usr/', flag: '5', mode: 0o755 },
      { name: 'usr/lib/', flag: '5', mode: 0o755 },
      { name: 'lib', flag: '2', link: 'usr/lib' },
      { name: 'usr/lib/a', body: 'a' },
      { name: 'usr/lib/b', flag: '1', link: 'usr/lib/a' },
    ];
    const image = imageOf([
      layerOf(...layers),
      layerOf({ name: 'lib/c', body: 'c' }, { name: 'usr/lib/.wh.a' }, { name: 'etc/x', body: 'x' }),
      layerOf({ name: 'etc/.wh..wh..opq' }, { name: 'etc/y', body: 'y' }),
    ]);
    await pushed('team/shape', image);
    const remote = `${setting.product.host}/team/shape:v1`;
    await run([
      'skopeo',
      'copy',
      '--src-tls-verify=false',
      '--src-creds',
      `${setting.product.user}:${setting.product.password}`,
      `docker://${remote}`,
      `docker-archive:${inFolder('shape.tar')}:shape:1`,
    ]);
    await run(setting.daemon.command('load', '-i', inFolder('shape.tar')));
    const id = (await run(setting.daemon.command('create', 'shape:1'))).trim();
    await run(setting.daemon.command('export', '-o', inFolder('export.tar'), id));
    await run(setting.daemon.command('rm', id));
    const { subjectTar } = await import('@wharfinger/lib/probes/subject-tar');
    const blobs = [...image.blobs.values()];
    const parts: Buffer[] = [];
    const open = (bytes: Buffer) => ({
      async *open() {
        yield bytes;
      },
    });
    const subject = { manifest: image.manifest, config: blobs[0]!, layers: blobs.slice(1).map(open) };
    for await (const part of subjectTar(subject)) parts.push(Buffer.from(part));
    writeFileSync(inFolder('subject.tar'), Buffer.concat(parts));
    const names = async (tar: string): Promise<string[]> =>
      (await run(['tar', '-tf', inFolder(tar)]))
        .split('\n')
        .filter((name) => name !== '')
        .toSorted();
    const made = [
      '.dockerenv',
      'dev/',
      'dev/console',
      'dev/pts/',
      'dev/shm/',
      'proc/',
      'sys/',
      'etc/hostname',
      'etc/hosts',
      'etc/mtab',
      'etc/resolv.conf',
    ];
    const ours = (await names('subject.tar')).filter(
      (name) => name.startsWith('rootfs/') && name !== 'rootfs/',
    );
    const theirs = (await names('export.tar')).filter((name) => !made.includes(name));
    expect(ours.map((name) => name.slice('rootfs/'.length)).toSorted()).toEqual(theirs);
    rmSync(inFolder('seen'), { recursive: true });
  });
});
