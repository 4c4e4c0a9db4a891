import type { ProbeLimits } from '@wharfinger/lib/probes/declaration';
import { z } from 'zod';

/** Where the image under test lies in the sandbox, read-only: `rootfs`, `config.json`, `manifest.json`. */
export const subjectPath = '/subject';

/** Nobody, in every distribution; an image need not know the number. */
const nobody = '65534:65534';

/** Labels of all that is made in an engine, by which what a crash left behind is found. */
export const labels = {
  /** who made it: the id of a registry's key, or `wharf` */
  owner: 'dev.wharfinger.probe.owner',
  /** Unix time in seconds after which nobody needs it */
  until: 'dev.wharfinger.probe.until',
} as const;

export interface ContainerOptions {
  /** id of the image in the engine: the digest of its config */
  readonly image: string;
  readonly volume: string;
  readonly limits: ProbeLimits;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * The container that a probe runs in: no network, no capability, no new privileges, not root, nothing to write to but a small /tmp in
 * its own memory, no more processes, memory and processor than its limits say, no devices, no logs on disk, and of the machine
 * nothing but the volume with the image under test, read-only. The engine's own seccomp profile and its masked paths
 * stay as they are.
 */
export function probeContainer({ image, volume, limits, labels: given }: ContainerOptions): object {
  const { memory, processes, scratch } = limits;
  return {
    Image: image,
    User: nobody,
    WorkingDir: '/',
    Env: ['HOME=/tmp', `WHARFINGER_SUBJECT=${subjectPath}`],
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: false,
    Tty: false,
    NetworkDisabled: true,
    Healthcheck: { Test: ['NONE'] },
    Labels: given,
    HostConfig: {
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      Privileged: false,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      IpcMode: 'private',
      CgroupnsMode: 'private',
      ShmSize: 1024 ** 2,
      Memory: memory,
      MemorySwap: memory,
      NanoCpus: 1_000_000_000,
      PidsLimit: processes,
      OomScoreAdj: 1000,
      Ulimits: [
        { Name: 'fsize', Soft: scratch, Hard: scratch },
        { Name: 'core', Soft: 0, Hard: 0 },
        { Name: 'nofile', Soft: 1024, Hard: 1024 },
        // of all sandboxes together, for they share a user; Podman would ask for more than some machines give
        { Name: 'nproc', Soft: 32_768, Hard: 32_768 },
      ],
      Tmpfs: { '/tmp': `rw,noexec,nosuid,nodev,mode=1777,size=${Math.max(scratch, 4096)}` },
      Mounts: [
        {
          Type: 'volume',
          Source: volume,
          Target: subjectPath,
          ReadOnly: true,
          VolumeOptions: { NoCopy: true },
        },
      ],
      LogConfig: { Type: 'none', Config: {} },
      RestartPolicy: { Name: 'no' },
      AutoRemove: false,
    },
  };
}

/** The container that a volume is filled by. It is never started. */
export function fillingContainer({ image, volume, labels: given }: Omit<ContainerOptions, 'limits'>): object {
  return {
    Image: image,
    NetworkDisabled: true,
    Labels: given,
    HostConfig: {
      NetworkMode: 'none',
      Mounts: [{ Type: 'volume', Source: volume, Target: subjectPath, VolumeOptions: { NoCopy: true } }],
    },
  };
}

const inspected = z.object({
  Image: z.string(),
  Config: z.object({ User: z.string() }),
  HostConfig: z.object({
    NetworkMode: z.string(),
    ReadonlyRootfs: z.boolean(),
    Privileged: z.boolean(),
    Memory: z.number(),
    MemorySwap: z.number(),
    PidsLimit: z.number(),
    NanoCpus: z.number(),
    CapAdd: z.array(z.string()).nullish(),
    CapDrop: z.array(z.string()).nullish(),
    SecurityOpt: z.array(z.string()).nullish(),
    Binds: z.array(z.string()).nullish(),
    Devices: z.array(z.unknown()).nullish(),
  }),
  Mounts: z.array(z.object({ Destination: z.string(), Type: z.string(), RW: z.boolean() })),
});

/**
 * Why a container that an engine made is not the one that was asked for: engines pass over what they do not know, and what their
 * machine cannot do. Undefined: it is.
 */
export function differsFromAsked(answer: unknown, { limits }: ContainerOptions): string | undefined {
  const read = inspected.safeParse(answer);
  if (!read.success)
    return `it cannot be told how it was made (${z.prettifyError(read.error).slice(0, 300)})`;
  const { Config, HostConfig: host, Mounts } = read.data;
  const options = (host.SecurityOpt ?? []).join(' ');
  const demands: ReadonlyArray<readonly [boolean, string]> = [
    [host.NetworkMode === 'none', 'it has a network'],
    [host.ReadonlyRootfs, 'its root file system can be written to'],
    [!host.Privileged && (host.CapAdd ?? []).length === 0, 'it is privileged'],
    [(host.CapDrop ?? []).length > 0, 'it keeps capabilities'],
    [options.includes('no-new-privileges'), 'it may gain privileges'],
    [!options.includes('unconfined'), 'it is not confined'],
    [Config.User === nobody, `it runs as ${Config.User || 'root'}`],
    [host.Memory === limits.memory && host.MemorySwap === limits.memory, 'its memory is not limited'],
    [host.PidsLimit === limits.processes, 'its processes are not limited'],
    [host.NanoCpus > 0, 'its processor time is not limited'],
    [(host.Devices ?? []).length === 0, 'it has devices'],
    [
      Mounts.every(({ Destination, Type, RW }) =>
        Destination === subjectPath ? Type === 'volume' && !RW : Destination === '/tmp' && Type === 'tmpfs',
      ),
      'something else is mounted',
    ],
  ];
  return demands.find(([holds]) => !holds)?.[1];
}
