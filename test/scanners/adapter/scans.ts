import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Report } from './report.ts';
import { Refused, type ScanRequest } from './request.ts';

/** How far a scan has come. */
export type Scan =
  | { readonly state: 'waiting' }
  | { readonly state: 'done'; readonly report: Report }
  | { readonly state: 'failed'; readonly message: string };

/** Scans that were asked for, as long as somebody may come for their reports. */
export interface Scans {
  /** Puts a scan in the queue; under what it can be asked for. */
  begin(request: ScanRequest): string;
  find(id: string): Scan | undefined;
}

/** The oldest reports are forgotten when there are more. */
const mostScans = 200;

/** One scan after the other: two of Trivy in one cache would wait for each other's lock. */
export function createScans(scan: (request: ScanRequest) => Promise<Report>, waitsWhile?: string): Scans {
  const scans = new Map<string, Scan>();
  const mustWait = (): boolean => waitsWhile !== undefined && existsSync(waitsWhile);
  let last: Promise<unknown> = Promise.resolve();

  async function carryOut(id: string, request: ScanRequest): Promise<void> {
    while (mustWait()) await pause(20);
    try {
      scans.set(id, { state: 'done', report: await scan(request) });
    } catch (error) {
      const message = error instanceof Refused ? error.message : 'the scan failed';
      scans.set(id, { state: 'failed', message });
      process.stderr.write(`${request.repository}@${request.digest}: ${String(error)}\n`);
    }
  }

  return {
    begin(request) {
      const id = randomUUID();
      const [oldest] = scans.keys();
      if (oldest !== undefined && scans.size >= mostScans) scans.delete(oldest);
      scans.set(id, { state: 'waiting' });
      last = last.then(async () => carryOut(id, request));
      return id;
    },
    find: (id) => scans.get(id),
  };
}
