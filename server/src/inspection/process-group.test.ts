import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findGroupParent, joinGroup } from './process-group.ts';

const parent = findGroupParent();
const MiB = 1024 ** 2;

/** Starts a process that holds `bytes` of memory, and gives how it ended. */
async function hold(bytes: number, limit: number) {
  const code = `process.stdin.once('data', () => { Buffer.alloc(${bytes}, 1); process.exit(0); })`;
  const child = spawn(process.execPath, ['-e', code], { stdio: ['pipe', 'ignore', 'ignore'] });
  const group = joinGroup(child.pid!, limit);
  const ended = new Promise((resolve) => child.once('exit', (status, signal) => resolve(signal ?? status)));
  child.stdin.on('error', () => {}).end('go');
  return { group, ended: await ended };
}

describe.skipIf(parent === undefined)('control groups (where cgroup v2 is writable)', () => {
  it('end a process with the memory that it may have, and are gone with it', async () => {
    // other processes have groups of their own there
    const own = () => readdirSync(parent!).filter((name) => name.includes(`-${process.pid}-`));
    const before = own();
    const { group, ended } = await hold(400 * MiB, 200 * MiB);
    expect(ended).toBe('SIGKILL');
    expect(group!.ranOut()).toBe(true);
    group!.remove();
    expect(own()).toEqual(before);
  });

  it('leave a process alone that keeps within them', async () => {
    const { group, ended } = await hold(50 * MiB, 400 * MiB);
    expect(ended).toBe(0);
    expect(group!.ranOut()).toBe(false);
    group!.remove();
  });
});

describe.skipIf(parent !== undefined)('without control groups (where cgroup v2 is not writable)', () => {
  it('a process joins none, and nothing is written', async () => {
    const { group, ended } = await hold(50 * MiB, 20 * MiB);
    expect(ended).toBe(0);
    expect(group).toBeUndefined();
    expect(existsSync(join('/sys/fs/cgroup', `wharfinger-inspection-${process.pid}-1`))).toBe(false);
  });
});
