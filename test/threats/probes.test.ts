import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../harness/command.ts';
import { imageOf, layerOf, smallRoot } from '../harness/images.ts';
import { checkedVerdict, until } from '../harness/registry-client.ts';
import { lacksPath, lacksRoot, lacksTools } from '../requirements.ts';
import { bindProbe, openSetting, scriptProbe, type Setting } from '../probes/setting.ts';

process.env['WHARFINGER_TEST_BUSYBOX'] ??= '/bin/busybox';

const nothing = `echo '{"findings":[]}'`;
const many = (count: string): string => `i=0; while [ $i -lt ${count} ]; do i=$((i+1));`;

/** What a probe may try, and why it comes to no result. */
const attacks: ReadonlyArray<readonly [name: string, script: string, problem: RegExp, limits: object]> = [
  [
    'fork-bomb',
    'bomb() { bomb | bomb & }; bomb; while :; do :; done',
    /longer than|ended with/,
    { seconds: 4 },
  ],
  ['endless-output', 'yes "{\\"findings\\":[]}"', /wrote more than/, {}],
  ['endless-complaints', 'yes complaint >&2', /wrote more than/, {}],
  ['never-ending', `${nothing}; sleep 1000`, /longer than 2 seconds/, { seconds: 2 }],
  ['deaf', `trap '' TERM INT; ${nothing}; while :; do :; done`, /longer than 2 seconds/, { seconds: 2 }],
  ['killing-itself', `${nothing}; /bin/busybox sh -c 'kill -9 $$'; exit $?`, /ended with the code/, {}],
  ['exit-code', `${nothing}; exit 3`, /ended with the code 3/, {}],
  ['exit-code-255', 'exit 255', /ended with the code 255/, {}],
  ['memory', 'a=x; while :; do a=$a$a; done', /bytes of memory|ended with/, { seconds: 120, memoryMiB: 64 }],
  ['silent', 'true', /cannot be read/, {}],
  ['not-json', 'echo all is well', /cannot be read/, {}],
  ['not-by-schema', `echo '{"findings":[{"rule":"x","severity":"fine"}]}'`, /is none of/, {}],
  ['forged-subject', `echo '{"findings":[],"subject":[{"digest":{"sha256":"ab"}}]}'`, /not declared/, {}],
  [
    'forged-statement',
    `echo '{"_type":"https://in-toto.io/Statement/v1","findings":[]}'`,
    /not declared/,
    {},
  ],
  ['two-results', `${nothing}; ${nothing}`, /cannot be read/, {}],
  ['key-twice', `echo '{"findings":[{"rule":"x","severity":"high"}],"findings":[]}'`, /stands twice/, {}],
  [
    'gigantic-json',
    `printf '{"findings":['; ${many('100000')} printf '{"rule":"x","severity":"low"},'; done; echo '{}]}'`,
    /wrote more than/,
    {},
  ],
  [
    'many-findings',
    `printf '{"findings":['; ${many('2000')} printf '{"rule":"x","severity":"low"},'; done; echo '{"rule":"x","severity":"low"}]}'`,
    /more than 1000/,
    {},
  ],
  ['deep-json', `${many('30000')} printf '['; done; echo`, /cannot be read/, {}],
  ['proto', `echo '{"findings":[],"__proto__":{"x":1}}'`, /not declared/, {}],
];

/** Each line says what could be done that must not be. */
const prying = `
found=''
bad() { found="$found{\\"rule\\":\\"$1\\",\\"severity\\":\\"critical\\"},"; }
[ "$(busybox id -u)" = 65534 ] || bad root
[ -z "$(busybox ls /sys/class/net | busybox grep -v '^lo$')" ] || bad network-interface
busybox wget -T 2 -q -O - http://169.254.169.254/ 2>/dev/null && bad metadata
busybox nc -w 2 127.0.0.1 5000 </dev/null 2>/dev/null && bad loopback
busybox ping -c 1 -W 1 127.0.0.1 >/dev/null 2>&1 && bad raw-socket
busybox touch /x 2>/dev/null && bad write-root
busybox touch /subject/x 2>/dev/null && bad write-subject
busybox touch /subject/rootfs/bin/app 2>/dev/null && bad touch-subject
busybox mknod /tmp/null c 1 3 2>/dev/null && bad mknod
busybox mount -t tmpfs none /tmp 2>/dev/null && bad mount
busybox chroot /subject/rootfs true 2>/dev/null && bad chroot
busybox unshare -r true 2>/dev/null && bad unshare
busybox cp /bin/busybox /tmp/run && /tmp/run true 2>/dev/null && bad execute-tmp
busybox dd if=/proc/kcore of=/dev/null bs=1 count=1 2>/dev/null && bad kcore
busybox dd if=/dev/mem of=/dev/null bs=1 count=1 2>/dev/null && bad mem
busybox ls /dev/vda /dev/sda 2>/dev/null && bad disk
echo 1 2>/dev/null >/proc/sys/kernel/panic && bad sysctl
echo b 2>/dev/null >/proc/sysrq-trigger && bad sysrq
echo x 2>/dev/null >/sys/kernel/uevent_helper && bad sys
busybox find / -xdev -name 'docker.sock' 2>/dev/null | busybox grep -q . && bad docker-socket
busybox ls /proc/1/root/etc/shadow 2>/dev/null && bad host-root
[ "$(busybox ls /proc | busybox grep -c '^[0-9]')" -lt 8 ] || bad host-processes
[ -L /subject/rootfs/link ] || bad link-not-kept
[ -r /subject/rootfs/secret ] || bad not-all-readable
busybox grep -q 'NoNewPrivs:.1' /proc/self/status || bad new-privileges
busybox grep -q 'CapEff:.0000000000000000' /proc/self/status || bad capabilities
busybox grep -q 'CapBnd:.0000000000000000' /proc/self/status || bad bounding-set
busybox grep -q 'Seccomp:.2' /proc/self/status || bad seccomp
[ "$(busybox env | busybox grep -ci -e token -e password -e docker)" = 0 ] || bad environment
echo "{\\"findings\\":[\${found%,}]}"
`;

/** Fills all that it can write to; says so if that was more than a little. */
const filling = `
busybox dd if=/dev/zero of=/tmp/a bs=1048576 count=4000 2>/dev/null
busybox dd if=/dev/zero of=/dev/shm/a bs=1048576 count=4000 2>/dev/null
i=0; while [ $i -lt 100000 ]; do i=$((i+1)); : 2>/dev/null >/tmp/f$i || break; done
total=$(busybox du -sk /tmp /dev/shm 2>/dev/null | busybox awk '{ n += $1 } END { print n }')
[ "$total" -lt 40000 ] && echo '{"findings":[]}' || echo '{"findings":[{"rule":"filled","severity":"critical"}]}'
`;

/** Starts processes until no more can be, of which the engine's kernel counts 64 with those of the shell; says so if that was another number. */
const breeding = `
( i=0; while [ $i -lt 300 ]; do i=$((i+1)); /bin/busybox sleep 1000 & echo $i >/tmp/started; done ) 2>/dev/null
read started </tmp/started
if [ "$started" -gt 40 ] && [ "$started" -lt 64 ]; then echo '{"findings":[]}'
else echo '{"findings":[{"rule":"bred","severity":"critical"}]}'; fi
`;

/** What the probe that pries looks at: a file that only root may read, and a link that leads out of the image. */
const subject = layerOf(
  { name: 'secret', body: 'secret', mode: 0o600 },
  { name: 'link', flag: '2', link: '/proc/1/environ' },
);

const scripts: ReadonlyArray<readonly [name: string, script: string, limits: object]> = [
  ...attacks.map(([name, script, , limits]) => [name, script, limits] as const),
  ['prying', prying, {}],
  ['breeding', breeding, { seconds: 240 }],
  ['filling', filling, { seconds: 240, memoryMiB: 128 }],
];

const lacksEngine = lacksTools(['dockerd', 'docker']) || lacksRoot() || lacksPath('WHARFINGER_TEST_BUSYBOX');

describe.skipIf(lacksEngine)('hostile probe', () => {
  let setting: Setting;
  let before: number;

  /** Bytes of the disk that the engine has. What is left of it says less: others of this machine write too. */
  async function used(): Promise<number> {
    const kilobytes = await run(['du', '-skx', join(setting.folder, 'docker-root')]);
    return parseInt(kilobytes, 10) * 1024;
  }

  beforeAll(async () => {
    const probes = scripts.map(([name, script, limits]) => ({
      name,
      image: scriptProbe(name, `PATH=/bin\nalias busybox=/bin/busybox\n${script}`, limits),
      repositories: `team/${name}`,
    }));
    setting = await openSetting(probes);
    before = await used();
    for (const { name, image, repositories } of probes) {
      await setting.admin.push(`probes/${name}`, image, '1');
      await bindProbe(setting.admin, name, repositories);
      await setting.admin.push(repositories, imageOf([smallRoot(name), subject]), 'v1');
    }
  });
  afterAll(() => setting[Symbol.asyncDispose]());

  /** The verdict on the image that a probe was run on, and what decided it. */
  async function judged(name: string) {
    const verdict = await checkedVerdict(setting.admin, `team/${name}`, 'v1');
    return { verdict, reason: verdict.reasons.find(({ routine }) => routine === 'probe-passed') };
  }

  it.each(attacks)('%s: harms nothing, and yields no pass', async (name, _script, problem) => {
    const { verdict, reason } = await judged(name);
    expect(verdict.outcome).toBe('hold');
    expect(verdict.passed).not.toContain('probe-passed');
    expect(reason?.message).toMatch(problem);
  });

  it('finds nothing of the machine, and can do nothing to it', async () => {
    const { verdict, reason } = await judged('prying');
    expect(reason?.details ?? []).toEqual([]);
    expect(verdict.passed).toContain('probe-passed');
  });

  it('starts no more processes than it may', async () => {
    const { verdict, reason } = await judged('breeding');
    expect(reason?.details ?? []).toEqual([]);
    expect(verdict.passed).toContain('probe-passed');
  });

  it('fills no disk, and leaves nothing behind', async () => {
    const { verdict, reason } = await judged('filling');
    expect(reason?.details ?? []).toEqual([]);
    expect(verdict.passed).toContain('probe-passed');
    await until(
      async () => ((await setting.leftovers()).length === 0 ? true : undefined),
      'nothing to be left',
    );
    // twenty images of two megabytes stay in the engine
    expect((await used()) - before).toBeLessThan(1024 ** 3);
  });
});

describe.skipIf(lacksEngine)('probe left behind by a crash', () => {
  it('is removed at the next start of the server, with its volume', async () => {
    const image = scriptProbe('slow', '/bin/busybox sleep 600', { seconds: 200 });
    await using setting = await openSetting([{ name: 'slow', image }]);
    await setting.admin.push('probes/slow', image, '1');
    await setting.admin.push('team/slow', imageOf([smallRoot('slow')]), 'v1');
    await until(async () => {
      const running = await run(setting.daemon.command('ps', '--quiet'));
      return running.trim() === '' ? undefined : true;
    }, 'the probe to run');
    await setting.product.kill();
    expect(await setting.leftovers()).toHaveLength(2);
    await setting.restart({ bound: [] });
    expect(await setting.leftovers()).toEqual([]);
    expect(setting.product.log()).toContain('an earlier process had left');
    for (const folder of ['containers', 'volumes']) {
      const names = readdirSync(join(setting.folder, 'docker-root', folder));
      expect(names.filter((name) => /^[0-9a-f]{64}$/.test(name))).toEqual([]);
    }
  });
});
