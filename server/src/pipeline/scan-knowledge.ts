import { WharfingerError } from '@wharfinger/lib/errors';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { recordAudit } from '../audit/record.ts';
import { currentOrigin } from '../identity/origin.ts';
import type { ScanAbout, ScannerName, ScanReport } from '../scanners/report.ts';
import type { Placed } from '../stores/repositories.ts';
import { countDueScans } from '../stores/due-scans.ts';
import { knownScanners } from '../stores/known-scanners.ts';
import { scanAttempts, scansOf } from '../stores/scans.ts';
import { scannersFor } from './bound-scanners.ts';
import type { PipelineParts } from './parts.ts';
import { askForScans } from './scan.ts';

/** A scanner as people see it. Times are RFC 3339. */
export interface ScannerState {
  readonly name: string;
  readonly url: string;
  readonly repositories: readonly string[];
  /** unknown: it was not asked yet; failed: it did not answer when it was asked last */
  readonly state: 'unknown' | 'ready' | 'failed';
  readonly checkedAt?: string;
  readonly problem?: string;
  readonly scanner?: ScannerName;
  /** when what it knows was renewed, as it says */
  readonly data?: string;
  readonly produces?: readonly string[];
  /** images that it is to be asked about now, those under way among them */
  readonly waiting: number;
}

/** What a scanner says of an image. */
export interface ScanState {
  readonly scanner: string;
  /** as in the facts: none, failed or reported */
  readonly state: 'none' | 'failed' | 'reported';
  /** when it is to be asked next */
  readonly due?: string;
  /** how often it failed since it last reported, and why the last time */
  readonly failures: number;
  readonly problem?: string;
  readonly report?: ScanReport & { readonly asked: string; readonly data?: string };
  readonly attempts: ReadonlyArray<
    {
      readonly asked: string;
      readonly ended: string;
      readonly outcome: 'reported' | 'failed';
      readonly problem?: string;
      readonly data?: string;
    } & Partial<ScanAbout>
  >;
}

/** Scanners and what they say, for the API. */
export interface ScanKnowledge {
  scanners(): Promise<readonly ScannerState[]>;
  /** By the scanners that are bound to the repository. */
  scansOf(repository: string, digest: Digest): Promise<readonly ScanState[]>;
  /**
   * Has an image scanned anew.
   * @param only name of a scanner; absent: all that are bound
   * @returns the scanners that are asked
   * @throws WharfingerError INPUT_INVALID where there is none to be asked
   */
  request(place: Placed, only: string | undefined, by: string | null): Promise<readonly string[]>;
}

export function createScanKnowledge(parts: PipelineParts): ScanKnowledge {
  const { db, now } = parts;
  return {
    async scanners() {
      const known = await knownScanners(db);
      const { run } = parts.policy().config.scanners;
      const states = run.map(async ({ name, url, repositories }): Promise<ScannerState> => {
        const { checkedAt, problem, about } = known.get(name) ?? {};
        return {
          name,
          url,
          repositories,
          state: checkedAt === undefined ? 'unknown' : problem === undefined ? 'ready' : 'failed',
          ...(checkedAt && { checkedAt: checkedAt.toISOString() }),
          ...(problem !== undefined && { problem }),
          ...about,
          waiting: await countDueScans(db, name, now()),
        };
      });
      return Promise.all(states);
    },
    async scansOf(repository, digest) {
      const names = scannersFor(parts, repository).map(({ name }) => name);
      const known = new Map((await scansOf(db, digest, names)).map((scan) => [scan.scanner, scan]));
      return Promise.all(names.toSorted().map((name) => stateOf(name, known.get(name))));

      async function stateOf(
        scanner: string,
        scan: Awaited<ReturnType<typeof scansOf>>[number] | undefined,
      ): Promise<ScanState> {
        const { dueAt, failures = 0, problem, report } = scan ?? {};
        const attempts = await scanAttempts(db, digest, scanner);
        return {
          scanner,
          state: report ? 'reported' : problem === undefined ? 'none' : 'failed',
          ...(dueAt && { due: dueAt.toISOString() }),
          failures,
          ...(problem !== undefined && { problem }),
          ...(report && { report: withTimes(report) }),
          attempts: attempts.map(({ askedAt, endedAt, problem: why, dataAt, about }) => ({
            asked: askedAt.toISOString(),
            ended: endedAt.toISOString(),
            outcome: why === undefined ? ('reported' as const) : ('failed' as const),
            ...(why !== undefined && { problem: why }),
            ...(dataAt && { data: dataAt.toISOString() }),
            ...(about && { scanner: about.scanner, counts: about.counts }),
            ...(about?.generatedAt !== undefined && { generatedAt: about.generatedAt }),
          })),
        };
      }
    },
    async request(place, only, by) {
      const bound = scannersFor(parts, place.repository).map(({ name }) => name);
      if (bound.length === 0 || (only !== undefined && !bound.includes(only)))
        throw new WharfingerError('INPUT_INVALID', {
          what: `${only === undefined ? 'no scanner is' : `the scanner ${only} is not`} configured for ${place.repository}`,
          remedy: `configure it under scanners.run${bound.length > 0 ? `, or name one of ${bound.join(', ')}` : ''}`,
        });
      const asked = await askForScans(parts, place, { only, again: true });
      if (asked.length === 0)
        throw new WharfingerError('INPUT_INVALID', {
          what: `${place.repository}@${place.digest} is no image that could be scanned, or not all of it is there`,
          remedy: 'name the image itself: of an index, one of those that lie in it',
        });
      await recordAudit(db, {
        ...currentOrigin(),
        at: now(),
        actor: by,
        action: 'scan-ask',
        ...place,
        outcome: 'done',
        detail: { scanners: asked },
      });
      return asked;
    },
  };
}

function withTimes({
  askedAt,
  dataAt,
  ...report
}: NonNullable<Awaited<ReturnType<typeof scansOf>>[number]['report']>): NonNullable<ScanState['report']> {
  return { ...report, asked: askedAt.toISOString(), ...(dataAt && { data: dataAt.toISOString() }) };
}
