import { namesInVex, type ImportedVex } from '@wharfinger/lib/assess/imported-vex';
import type { VexFile } from '@wharfinger/lib/assess/vex-file';
import { canonical } from '@wharfinger/lib/assess/judgement';
import { matchesScope } from '@wharfinger/lib/routines/scope';
import type { Scope } from '@wharfinger/lib/routines/records';
import type { VerdictMemory } from '../gate/verdict-memory.ts';
import { invalidate } from '../pipeline/follow.ts';
import { advisoriesNaming } from '../stores/advisory-names.ts';
import { versionsWithFindings } from '../stores/findings.ts';
import { placesWithVersions } from '../stores/images.ts';
import { recordInForce, recordsInForce, type PolicyRecord } from '../stores/policy-record-rows.ts';
import { changePolicy, type ChangeParts, type PolicyChange } from './change-policy.ts';

/** What changes of VEX work with. */
export interface VexParts extends ChangeParts {
  readonly memory: VerdictMemory;
}

/** The record of a VEX document that was brought in. Its text is not kept; what it says is, and the digest of its bytes. */
export type VexRecord = ImportedVex & {
  /** its id, of a feed with that before it: one of a name is in force */
  readonly name: string;
  readonly format: VexFile['format'];
  /** of what file, address or artifact it came from, as people call it */
  readonly source: string;
  /** statements that name nothing that is known here */
  readonly passedOver: number;
};

/** What became of a document that somebody brings in. */
export interface VexImport {
  readonly record: PolicyRecord;
  /** true: it was in force with the same content already */
  readonly unchanged: boolean;
  /** images that are judged again */
  readonly images: number;
}

/** All that feeds have begins with this in its name, and nothing else does. */
export const feedPrefix = 'feed/';

/**
 * Puts what a document says in force for some repositories; one of the same id takes the place of the one before. The verdicts of
 * images with one of the vulnerabilities that it names end in the same transaction.
 *
 * @param mayReplace throws where this one must not take the place of what is in force
 * @throws WharfingerError INPUT_INVALID where there would be too much in force
 */
export async function importVex(
  parts: VexParts,
  file: VexFile,
  act: { readonly by: string; readonly scope: Scope; readonly source: string },
  mayReplace: (before: PolicyRecord) => void,
): Promise<VexImport> {
  const document = recordOf(file, { ...act, by: `user/${act.by}`, name: file.id });
  return changePolicy(parts, act.by, async (change) => {
    const before = await recordInForce(change.trx, 'vex', document.name);
    if (before) {
      mayReplace(before);
      if (isSame(before.document, document)) return { record: before, unchanged: true, images: 0 };
      await change.end('vex', document.name, `replaced by ${document.digest}`);
    }
    const record = await change.add('vex', document);
    const images = await judgeAgain(parts, change, [...(before ? [vexOf(before)] : []), document]);
    return { record, unchanged: false, images };
  });
}

/**
 * Ends what a document says.
 * @throws WharfingerError NOT_FOUND
 */
export async function removeVex(
  parts: VexParts,
  name: string,
  act: { readonly by: string; readonly reason: string },
): Promise<VexImport> {
  return changePolicy(parts, act.by, async (change) => {
    const record = await change.end('vex', name, act.reason);
    return { record, unchanged: false, images: await judgeAgain(parts, change, [vexOf(record)]) };
  });
}

/** What a feed says now in place of what it said before. */
export interface FeedVex {
  readonly feed: string;
  readonly source: string;
  readonly scope: Scope;
  readonly files: readonly VexFile[];
  /** true: it is all that the feed has; false: what it had before and does not seem to have any more stays */
  readonly isAll: boolean;
}

/** Puts what a feed says in force, in one transaction. Nothing is written where nothing is new. */
export async function putFeedVex(
  parts: VexParts,
  { feed, source, scope, files, isAll }: FeedVex,
): Promise<{ new: number; changed: number; unchanged: number; removed: number }> {
  const prefix = `${feedPrefix}${feed}/`;
  const by = `${feedPrefix}${feed}`;
  const known = new Map(
    (await recordsInForce(parts.db))
      .filter(({ kind, name }) => kind === 'vex' && name.startsWith(prefix))
      .map((record) => [record.name, record]),
  );
  const wanted = files.map((file) => recordOf(file, { name: `${prefix}${file.id}`, by, source, scope }));
  const names = new Set(wanted.map(({ name }) => name));
  const fresh = wanted.filter((document) => !isSame(known.get(document.name)?.document, document));
  const gone = isAll ? [...known.keys()].filter((name) => !names.has(name)) : [];
  const changed = fresh.filter(({ name }) => known.has(name)).length;
  const counts = {
    new: fresh.length - changed,
    changed,
    unchanged: wanted.length - fresh.length,
    removed: gone.length,
  };
  if (fresh.length + gone.length === 0) return counts;
  await changePolicy(parts, by, async (change) => {
    const touched: ImportedVex[] = [];
    const end = async (name: string, reason: string): Promise<void> => {
      // somebody may have ended it meanwhile
      if (!(await recordInForce(change.trx, 'vex', name))) return;
      touched.push(vexOf(await change.end('vex', name, reason)));
    };
    for (const name of gone) await end(name, 'the feed does not have it any more');
    for (const document of fresh) {
      await end(document.name, `replaced by ${document.digest}`);
      await change.add('vex', document);
      touched.push(document);
    }
    await judgeAgain(parts, change, touched);
  });
  return counts;
}

function recordOf(
  { id, digest, author, format, statements, passedOver }: VexFile,
  {
    name,
    by,
    source,
    scope,
  }: { readonly name: string; readonly by: string; readonly source: string; readonly scope: Scope },
): VexRecord {
  return {
    name,
    id,
    digest,
    ...(author === undefined ? {} : { author }),
    by,
    scope,
    format,
    source,
    passedOver,
    statements,
  };
}

function vexOf({ document }: PolicyRecord): VexRecord {
  return document as VexRecord;
}

/** Where the file lies makes no difference. */
function isSame(before: unknown, after: VexRecord): boolean {
  if (before === undefined) return false;
  return canonical({ ...(before as VexRecord), source: '' }) === canonical({ ...after, source: '' });
}

/** Ends the verdicts of the images of which these documents may say something: those in their scope with a finding of that name. */
async function judgeAgain(
  { inForce, memory, now }: VexParts,
  { trx }: PolicyChange,
  documents: readonly ImportedVex[],
): Promise<number> {
  const versions = await versionsWithFindings(trx, await advisoriesNaming(trx, namesInVex(documents)));
  const policy = inForce.current();
  const places = (await placesWithVersions(trx, versions)).filter(({ repository }) => {
    const facts = policy.rulesFor(repository, 'pull', now()).repository;
    return documents.some(({ scope }) => matchesScope(scope, facts));
  });
  await invalidate(trx, memory, 'judge', places, now());
  return places.length;
}
