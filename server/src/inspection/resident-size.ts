import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Bytes that a process holds in memory; undefined where it is gone or the system does not say. */
async function residentSize(pid: number): Promise<number | undefined> {
  if (process.platform === 'linux') {
    try {
      const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
      return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
    } catch {
      return undefined;
    }
  }
  return new Promise((resolve) => {
    execFile('/bin/ps', ['-o', 'rss=', '-p', String(pid)], (error, stdout) => {
      const kilobytes = Number(stdout.trim());
      resolve(error || !Number.isInteger(kilobytes) ? undefined : kilobytes * 1024);
    });
  });
}

/**
 * Watches the memory of a process; calls back once when it exceeds `limit` bytes.
 * @returns ends the watch
 */
export function watchMemory(pid: number, limit: number, onExcess: () => void): () => void {
  const interval = process.platform === 'linux' ? 20 : 200;
  let ended = false;
  const look = async (): Promise<void> => {
    const size = await residentSize(pid);
    if (ended || size === undefined || size <= limit) return;
    ended = true;
    onExcess();
  };
  const timer = setInterval(() => void look(), interval);
  return () => {
    ended = true;
    clearInterval(timer);
  };
}
