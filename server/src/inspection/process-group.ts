import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** A control group that holds one process, whose memory the kernel bounds. */
export interface ProcessGroup {
  /** Whether the kernel killed it for its memory. */
  ranOut(): boolean;
  /** Call it when the process is gone. */
  remove(): void;
}

const mounted = '/sys/fs/cgroup';
/** What statfs says of a file system of control groups of version 2. */
const cgroup2 = 0x63677270;
const prefix = 'wharfinger-inspection-';

/** Processes and threads of one: the runtime has about a dozen threads. */
const maxTasks = 64;

let count = 0;
let parent: string | undefined | null = null;

/**
 * The folder that groups can be made in; undefined where there is none: no cgroup v2, or it is not ours to write. A group
 * that holds processes cannot hand controllers down (the kernel's "no internal processes" rule), so it is the one above
 * that of this process, which systemd gives with `Delegate=yes` and `DelegateSubgroup=`.
 */
export function findGroupParent(): string | undefined {
  try {
    // Where version 1 is in use, this is an ordinary folder.
    if (statfsSync(mounted).type !== cgroup2) return undefined;
    const own = /^0::(\/.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];
    if (own === undefined) return undefined;
    const folder = join(mounted, dirname(own));
    writeFileSync(join(folder, 'cgroup.subtree_control'), '+memory +pids');
    return folder;
  } catch {
    return undefined;
  }
}

/**
 * Removes what a process left that was killed, also one of the number that this one has. The kernel keeps groups that are in use; one
 * that another process has just made is not yet, and stays because that process is there.
 */
function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(prefix)) continue;
    const [maker] = name.slice(prefix.length).split('-');
    if (maker === String(process.pid) || !existsSync(`/proc/${maker}`)) removeGroup(join(folder, name));
  }
}

function removeGroup(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // The next start tries again.
  }
}

function ranOut(folder: string): boolean {
  try {
    return /^oom_kill [1-9]/m.test(readFileSync(join(folder, 'memory.events'), 'latin1'));
  } catch {
    return false;
  }
}

/**
 * Puts a process into a control group of its own that may hold `memory` bytes, swap none.
 * @returns undefined where groups cannot be made; then its memory is only watched
 */
export function joinGroup(pid: number, memory: number): ProcessGroup | undefined {
  if (parent === null) {
    parent = findGroupParent();
    if (parent !== undefined) sweep(parent);
  }
  if (parent === undefined) return undefined;
  const folder = join(parent, `${prefix}${process.pid}-${(count += 1)}`);
  try {
    mkdirSync(folder);
    const set = (name: string, value: number): void => writeFileSync(join(folder, name), String(value));
    set('memory.max', memory);
    set('memory.swap.max', 0);
    set('pids.max', maxTasks);
    set('cgroup.procs', pid);
  } catch {
    removeGroup(folder);
    return undefined;
  }
  return {
    ranOut: () => ranOut(folder),
    remove: () => removeGroup(folder),
  };
}
