import { digestOf } from '@wharfinger/lib/oci/digest';
import type { Facts } from '@wharfinger/lib/routines/facts';
import { LRUCache } from 'lru-cache';
import type { Db } from '../db/schema.ts';
import { packText, unpackJson } from './compressed-json.ts';

type ScannerFacts = NonNullable<Facts['scanners']>;
type ReportFindings = NonNullable<ScannerFacts[string]['findings']>;

/** What scanners say as it is recorded: for the findings of each stands their digest. */
export type RecordedReports = Readonly<
  Record<string, Omit<ScannerFacts[string], 'findings'> & { readonly findings?: string }>
>;

/** Characters of findings, as JSON, that are remembered for one database. */
const mostRemembered = 32 * 1024 * 1024;

/** Findings by their digests. They are recorded once, never changed and never deleted, so what stands here stays true. */
const known = new WeakMap<Db, LRUCache<string, ReportFindings>>();

/** One list of findings is in the facts of an image each time that it is judged: it is put into words once. */
const texts = new WeakMap<ReportFindings, { readonly digest: string; readonly length: number }>();

function memoryOf(db: Db): LRUCache<string, ReportFindings> {
  let memory = known.get(db);
  if (!memory) {
    memory = new LRUCache({
      maxSize: mostRemembered,
      sizeCalculation: (findings) => (texts.get(findings)?.length ?? 0) + 1,
    });
    known.set(db, memory);
  }
  return memory;
}

/**
 * Records what scanners found that was not yet. What is recorded needs no verdict to be true.
 *
 * @param db not a transaction: one that is rolled back would take with it what is remembered
 */
export async function recordReports(db: Db, scanners: ScannerFacts): Promise<RecordedReports> {
  const memory = memoryOf(db);
  const recorded: Array<[string, RecordedReports[string]]> = [];
  for (const [name, { findings, ...said }] of Object.entries(scanners)) {
    if (findings === undefined) {
      recorded.push([name, said]);
      continue;
    }
    let text: string | undefined;
    let about = texts.get(findings);
    if (about === undefined) {
      text = JSON.stringify(findings);
      texts.set(findings, (about = { digest: digestOf(Buffer.from(text)), length: text.length }));
    }
    const { digest } = about;
    if (!memory.has(digest)) {
      await db
        .insertInto('recorded_reports')
        .values({ digest, findings: await packText(text ?? JSON.stringify(findings)) })
        .onConflict((conflict) => conflict.column('digest').doNothing())
        .execute();
      memory.set(digest, findings);
    }
    recorded.push([name, { ...said, findings: digest }]);
  }
  return Object.fromEntries(recorded);
}

/** What was recorded, as facts. @throws Error where findings are not there, which nothing takes away */
export async function wholeReports(db: Db, recorded: RecordedReports): Promise<ScannerFacts> {
  const whole: Array<[string, ScannerFacts[string]]> = [];
  for (const [name, { findings: digest, ...said }] of Object.entries(recorded))
    whole.push([name, digest === undefined ? said : { ...said, findings: await findingsOf(db, digest) }]);
  return Object.fromEntries(whole);
}

async function findingsOf(db: Db, digest: string): Promise<ReportFindings> {
  const memory = memoryOf(db);
  const remembered = memory.get(digest);
  if (remembered) return remembered;
  const row = await db
    .selectFrom('recorded_reports')
    .select('findings')
    .where('digest', '=', digest)
    .executeTakeFirst();
  if (!row) throw new Error(`the findings ${digest} of a scanner were recorded and are gone`);
  const findings = (await unpackJson(row.findings)) as ReportFindings;
  texts.set(findings, { digest, length: row.findings.length * 10 });
  memory.set(digest, findings);
  return findings;
}
