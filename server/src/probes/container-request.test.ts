import { expect, test } from 'vitest';
import { differsFromAsked, probeContainer, subjectPath } from './container-request.ts';

const limits = { seconds: 60, memory: 64 * 1024 ** 2, processes: 64, output: 1024, scratch: 1024 ** 2 };
const asked = { image: `sha256:${'a'.repeat(64)}`, volume: 'v', limits, labels: {} };

/** What an engine answers that made exactly what it was asked for. */
function made(change: {
  readonly host?: object;
  readonly config?: object;
  readonly mounts?: object[];
}): object {
  const { HostConfig, User } = probeContainer(asked) as { HostConfig: object; User: string };
  return {
    Image: asked.image,
    Config: { User, ...change.config },
    HostConfig: { ...HostConfig, ...change.host },
    Mounts: change.mounts ?? [{ Destination: subjectPath, Type: 'volume', RW: false }],
  };
}

test('a sandbox as it was asked for may be started', () => {
  expect(differsFromAsked(made({}), asked)).toBeUndefined();
});

test.each([
  ['with a network', { host: { NetworkMode: 'default' } }, 'network'],
  ['with a root that can be written to', { host: { ReadonlyRootfs: false } }, 'written to'],
  ['that is privileged', { host: { Privileged: true } }, 'privileged'],
  ['with a capability', { host: { CapAdd: ['CAP_SYS_ADMIN'] } }, 'privileged'],
  ['that keeps the usual capabilities', { host: { CapDrop: null } }, 'capabilities'],
  ['that may gain privileges', { host: { SecurityOpt: [] } }, 'privileges'],
  [
    'that is not confined',
    { host: { SecurityOpt: ['no-new-privileges', 'seccomp=unconfined'] } },
    'not confined',
  ],
  ['that runs as root', { config: { User: '' } }, 'as root'],
  ['without a limit of memory', { host: { Memory: 0 } }, 'memory'],
  ['with swap besides', { host: { MemorySwap: -1 } }, 'memory'],
  ['without a limit of processes', { host: { PidsLimit: 0 } }, 'processes'],
  ['without a limit of processor time', { host: { NanoCpus: 0 } }, 'processor'],
  ['with a device', { host: { Devices: [{ PathOnHost: '/dev/kvm' }] } }, 'devices'],
  [
    'that may write to the image',
    { mounts: [{ Destination: subjectPath, Type: 'volume', RW: true }] },
    'mounted',
  ],
  [
    'with something of the machine',
    { mounts: [{ Destination: '/var/run/docker.sock', Type: 'bind', RW: false }] },
    'mounted',
  ],
  ['of which nothing is told', { host: { ReadonlyRootfs: undefined } }, 'cannot be told'],
])('one %s is not', (_, change, why) => {
  expect(differsFromAsked(made(change), asked)).toContain(why);
});
