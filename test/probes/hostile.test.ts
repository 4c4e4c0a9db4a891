import { existsSync, readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../harness/command.ts';
import { imageOf, smallRoot } from '../harness/images.ts';
import { checkedVerdict, until, type Pushable } from '../harness/registry-client.ts';
import { lacksPath, lacksRoot, lacksTools } from '../requirements.ts';
import { bindProbe, openSetting, scriptProbe, type Setting } from './setting.ts';

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
  ['killing-itself', `${nothing}; kill -9 $$`, /ended with the code/, {}],
  ['exit-code', `${nothing}; exit 3`, /ended with the code 3/, {}],
  ['exit-code-255', 'exit 255', /ended with the code 255/, {}],
  ['memory', 'a=x; while :; do a=$a$a; done', /bytes of memory|ended with/, { seconds: 20, memoryMiB: 64 }],
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
[ -e /subject/rootfs/link ] && bad followed-link
busybox cat /subject/rootfs/link 2>/dev/null && bad read-through-link
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

const image = (name: string): Pushable => {
  const root = smallRoot(name);
  return imageOf([root]);
};

describe.skipIf(lacksTools(['dockerd', 'docker']) || lacksRoot() || lacksPath('WHARFINGER_TEST_BUSYBOX'))(
  'a hostile probe',
  () => {
    let setting: Setting;
    const probes = new Map<string, Pushable>();

    beforeAll(async () => {
      setting = await openSetting([]);
    });
    afterAll(() => setting[Symbol.asyncDispose]());

    /** Binds a probe alone, pushes it and an image, and gives the verdict on that once the probe has run. */
    async function judged(name: string, script: string, limits: object = {}, subject = image(name)) {
      const probe = scriptProbe(name, `PATH=/bin; alias busybox=/bin/busybox\n${script}`, limits);
      probes.set(name, probe);
      await setting.restart({ bound: [{ name, image: probe }] });
      await setting.admin.push(`probes/${name}`, probe, '1');
      await bindProbe(setting.admin, name);
      const digest = await setting.admin.push(`team/${name}`, subject, 'v1');
      const verdict = await checkedVerdict(setting.admin, `team/${name}`, digest);
      await setting.admin.post('bindings/end', { name: `needs-${name}`, reason: 'done' });
      return { verdict, digest, reason: verdict.reasons.find(({ routine }) => routine === 'probe-passed') };
    }

    it.each(attacks)('%s: harms nothing, and yields no pass', async (name, script, problem, limits) => {
      const { verdict, reason } = await judged(name, script, limits);
      expect(verdict.outcome).toBe('hold');
      expect(verdict.passed).not.toContain('probe-passed');
      expect(reason?.message).toMatch(problem);
      expect(await setting.leftovers()).toEqual([]);
    });

    it('finds nothing of the machine, and can do nothing to it', async () => {
      const { verdict, reason } = await judged('prying', prying);
      expect(reason?.details ?? []).toEqual([]);
      expect(verdict.outcome).toBe('allow');
    });

    it('fills no disk', async () => {
      const free = (): number => {
        const { bavail, bsize } = statfsSync(setting.folder);
        return bavail * bsize;
      };
      const before = free();
      const { reason } = await judged('filling', filling, { seconds: 60, memoryMiB: 128 });
      expect(reason?.details ?? []).toEqual([]);
      expect(before - free()).toBeLessThan(512 * 1024 ** 2);
      expect(await setting.leftovers()).toEqual([]);
    });

    it('is removed at the next start where the server was killed while it ran', async () => {
      const probe = scriptProbe('slow', 'sleep 600', { seconds: 200 });
      await setting.restart({ bound: [{ name: 'slow', image: probe }] });
      await setting.admin.push('probes/slow', probe, '1');
      await setting.admin.push('team/slow', image('slow'), 'v1');
      await until(async () => {
        const running = await run(setting.daemon.command('ps', '--quiet'));
        return running.trim() === '' ? undefined : true;
      }, 'the probe to run');
      await setting.product.kill();
      expect(await setting.leftovers()).not.toEqual([]);
      await setting.restart({ bound: [], engine: true });
      expect(await setting.leftovers()).toEqual([]);
      expect(setting.product.log()).toContain('an earlier process had left');
    });

    it('leaves no process and no folder behind', async () => {
      await until(
        async () => ((await setting.leftovers()).length === 0 ? true : undefined),
        'nothing to be left',
      );
      const containers = join(setting.folder, 'docker-root/containers');
      expect(existsSync(containers) ? readdirSync(containers) : []).toEqual([]);
      const volumes = join(setting.folder, 'docker-root/volumes');
      expect(readdirSync(volumes).filter((name) => /^[0-9a-f]{64}$/.test(name))).toEqual([]);
    });
  },
);
