import type { Chore } from '../jobs/chores.ts';
import type { PipelineParts } from './parts.ts';
import { askForAllScans, askForDueScans } from './scan.ts';
import { checkScanner } from './scanner-state.ts';

const second = 1000;
const day = 24 * 3_600_000;

/** What is done from time to time so that what scanners say is never older than it may be. */
export function scanChores(parts: PipelineParts): readonly Chore[] {
  return [
    {
      what: 'asking scanners how new what they know is',
      everyMs: 30 * second,
      work: () => checkScanners(parts),
    },
    {
      what: 'asking for scans that are due',
      everyMs: 5 * second,
      async work() {
        for (const scanner of parts.policy().config.scanners.run) await askForDueScans(parts, scanner);
      },
    },
    // each push asks, as does a start and another configuration: this is for what nobody thought of
    { what: 'looking for images that were not scanned', everyMs: day, work: () => askForAllScans(parts) },
  ];
}

/** Asks all scanners what they say of themselves, each on its own: one that does not answer keeps no other. */
export async function checkScanners(parts: PipelineParts): Promise<void> {
  const { scans } = parts;
  if (scans === undefined) return;
  const { run } = parts.policy().config.scanners;
  const done = await Promise.allSettled(run.map((scanner) => checkScanner(parts, scanner, scans.stopping)));
  const failed = done.find((one) => one.status === 'rejected');
  if (failed && !scans.stopping.aborted) throw failed.reason;
}
