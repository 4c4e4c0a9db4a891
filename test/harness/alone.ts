import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** Nothing that is made alone takes so long. */
const longest = 15 * 60_000;

/**
 * Does work that no other process does at the same time: waits for one that does.
 * @param lock a file that is there meanwhile; one that a process left behind which is gone counts for nothing
 */
export async function alone<T>(lock: string, work: () => Promise<T>): Promise<T> {
  while (!take(lock)) {
    if (isLeft(lock)) rmSync(lock, { force: true });
    else await pause(200);
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function take(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function isLeft(lock: string): boolean {
  try {
    if (Date.now() - statSync(lock).mtimeMs > longest) return true;
    const owner = readFileSync(lock, 'utf8');
    // there already, and not written yet
    if (owner === '') return false;
    process.kill(Number(owner), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
