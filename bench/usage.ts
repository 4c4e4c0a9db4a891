import { readFileSync } from 'node:fs';

/** What a process has used so far. */
export interface Usage {
  /** seconds of processor time */
  readonly cpu: number;
  /** resident bytes at most */
  readonly memory: number;
}

/** What the kernel says of a process while it lives; undefined: it is gone. */
export function usageOf(pid: number): Usage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    // One that has ended, and that nobody has looked after yet, has no memory any more.
    if (peak === undefined) return undefined;
    return { cpu: (Number(stat[11]) + Number(stat[12])) / 100, memory: Number(peak) * 1024 };
  } catch {
    return undefined;
  }
}
