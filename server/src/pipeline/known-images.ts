import { agesFor } from '@wharfinger/lib/advisories/ages';
import { factsAgain } from '@wharfinger/lib/assess/facts-of-image';
import { uncoveredEcosystems, type InstalledPackage } from '@wharfinger/lib/assess/findings-of-image';
import { cvesOf } from '@wharfinger/lib/assess/match-advisories';
import type { KnownFacts } from '@wharfinger/lib/assess/judge-facts';
import { knownFormats } from '@wharfinger/lib/inspect/inventory';
import type { Facts } from '@wharfinger/lib/routines/facts';
import type { FindingFact } from '@wharfinger/lib/routines/facts/findings';
import type { Remembered } from '@wharfinger/lib/routines/remembered-results';
import { compareFindings } from '@wharfinger/lib/routines/severity-order';
import type { Policy } from '../access/policy.ts';
import { chunks } from '../db/dialect.ts';
import { transact } from '../db/transaction.ts';
import { advisoryEdition } from '../stores/advisory-edition.ts';
import { coveredEcosystems, isCovered } from '../stores/covered-ecosystems.ts';
import { knownAges } from '../stores/feeds.ts';
import { matchesOfVersions } from '../stores/findings.ts';
import { standingHoldsOf, type Hold } from '../stores/holds.ts';
import {
  ensureOutline,
  installedPackages,
  unpackOutline,
  type OutlinePackage,
} from '../stores/image-outlines.ts';
import { parseResults } from '../stores/kept-results.ts';
import { wholeReports } from '../stores/recorded-reports.ts';
import { threatsOf } from '../stores/threats.ts';
import { verdictBasis, type VerdictBasis } from '../stores/verdict-basis.ts';
import type { Placed } from '../stores/repositories.ts';
import { gatherFacts } from './gather-facts.ts';
import { inTurns } from './in-turns.ts';
import type { PipelineParts } from './parts.ts';
import { letPullsPass } from './pulls-first.ts';
import { sharedFindings, type VersionFlaws } from './shared-findings.ts';
import { reportHolds } from './verify.ts';

/** Images of which everything that is kept is read at once: to parse it keeps the thread from answering pulls. */
const readTogether = 16;

/** Package versions whose findings are read at once, for the same reason. */
const versionsTogether = 300;

/** An image with all that it is judged by. */
export interface KnownImage {
  readonly basis: VerdictBasis;
  readonly known: KnownFacts;
  /** digests of the inventory and of its fields, where it is left out of the facts: nothing of it has changed */
  readonly inventory?: { readonly digest: string; readonly parts: Readonly<Record<string, string>> };
  /** what routines said of it last, by digests of what they read */
  readonly results: ReadonlyMap<string, Remembered>;
}

/**
 * Everything that is established about images, of many at once. Where nothing has changed of an image but what advisories say, it is
 * neither looked into nor are its signatures verified again: its packages are compared with the advisories as they are now, and
 * the rest is what was recorded. All others are gathered anew, one by one.
 *
 * @param failed told of images that could not be gathered; they are left out, as are those that are not there any more
 */
export async function knowImages(
  parts: PipelineParts,
  places: readonly Placed[],
  policy: Policy,
  failed: (place: Placed, error: unknown) => void,
): Promise<KnownImage[]> {
  const now = parts.now();
  const quick: QuickBasis[] = [];
  const images: KnownImage[] = [];
  for (const some of chunks(places, readTogether)) {
    await letPullsPass();
    for (const basis of await verdictBasis(parts.db, some, knownFormats)) {
      const found = quickBasis(basis, policy, now);
      if (found) quick.push(found);
      else {
        const known = await knowAnew(parts, basis).catch((error: unknown) => {
          failed(basis, error);
        });
        if (known) images.push(known);
      }
    }
  }
  images.push(...(await knowAgain(parts, quick, policy, now)));
  return images;
}

/** @returns undefined if the image is not there any more */
async function knowAnew(parts: PipelineParts, basis: VerdictBasis): Promise<KnownImage | undefined> {
  const known = await gatherFacts(parts, basis);
  if (!known) return undefined;
  parts.results.countAnew();
  if (known.facts.inventory && !basis.outline)
    await transact(parts.db, (trx) => ensureOutline(trx, basis.digest, knownFormats));
  return { basis, known, results: resultsOf(basis) ?? new Map() };
}

/** What is kept of an image of which nothing has changed but what advisories say. */
type QuickBasis = VerdictBasis &
  Required<Pick<VerdictBasis, 'last' | 'recorded' | 'report'>> & {
    readonly results: ReadonlyMap<string, Remembered>;
    readonly packages: readonly OutlinePackage[];
  };

function quickBasis(basis: VerdictBasis, policy: Policy, now: Date): QuickBasis | undefined {
  const { last, recorded, report, outline } = basis;
  if (!last?.isBasis || !recorded || !report) return undefined;
  if (report.madeFrom !== policy.trustDigest(basis.repository, now) || !reportHolds(report.report, now))
    return undefined;
  // those of scanners that are bound no more say nothing, and of those that are now nothing was recorded
  const { scanners } = policy.rulesFor(basis.repository, 'pull', now);
  if (Object.keys(recorded.facts.scanners ?? {}).join(' ') !== scanners.join(' ')) return undefined;
  if (recorded.inventory ? !recorded.inventory.parts || !outline : outline !== undefined) return undefined;
  const results = resultsOf(basis);
  if (!results) return undefined;
  const packages = outline ? unpackOutline(outline.packages) : [];
  return { ...basis, last, recorded, report, results, packages };
}

/** Undefined: none were kept, or by another version of the program. */
function resultsOf({ last }: VerdictBasis): ReadonlyMap<string, Remembered> | undefined {
  return last && last.results !== null ? parseResults(last.verdict, last.results) : undefined;
}

async function knowAgain(
  { db }: PipelineParts,
  images: readonly QuickBasis[],
  policy: Policy,
  now: Date,
): Promise<KnownImage[]> {
  if (images.length === 0) return [];
  const [edition, covered, ages, holds] = await Promise.all([
    advisoryEdition(db),
    coveredEcosystems(db),
    knownAges(db),
    standingHoldsOf(db, images),
  ]);
  const findings = await findingsOf(db, images, edition);
  const known = new Map<string, NonNullable<Facts['advisories']>>();
  const advisoriesOf = (ecosystems: readonly string[]): NonNullable<Facts['advisories']> => {
    const key = ecosystems.join('\n');
    let facts = known.get(key);
    if (!facts) {
      const subjects = ecosystems.map((ecosystem) => ({ ecosystem }));
      const uncovered = uncoveredEcosystems(subjects, (one) => isCovered(covered, one));
      known.set(key, (facts = { uncovered, ages: agesFor(ages, ecosystems) }));
    }
    return facts;
  };
  const reports = await reportsOf(db, images);
  return inTurns(images, (basis, index): KnownImage => {
    const { recorded, report, outline, results } = basis;
    const scanners = reports.get(basis);
    const held: Hold | undefined = holds.get(`${basis.repository}@${basis.digest}`);
    const rules = policy.rulesFor(basis.repository, 'pull', now);
    const again = factsAgain(recorded.facts, {
      ...(outline && { findings: findings[index]!, advisories: advisoriesOf(outline.ecosystems) }),
      evidence: report.report,
      ...(scanners && { scanners }),
      registered: rules.repository,
      vex: rules.vex,
      ...(held && { held }),
    });
    const { inventory } = recorded;
    return {
      basis,
      known: again,
      results,
      ...(inventory?.parts && { inventory: { digest: inventory.digest, parts: inventory.parts } }),
    };
  });
}

/** What scanners said of images, as it was recorded. */
async function reportsOf(
  db: PipelineParts['db'],
  images: readonly QuickBasis[],
): Promise<ReadonlyMap<QuickBasis, Facts['scanners']>> {
  const reports = new Map<QuickBasis, Facts['scanners']>();
  for (const basis of images) {
    const { scanners } = basis.recorded.facts;
    if (scanners) reports.set(basis, await wholeReports(db, scanners));
  }
  return reports;
}

/**
 * What advisories say of the packages of each image. Of each package version it is looked up once for as long as they say the same,
 * and a package that many images have in the same layer has the same findings in all of them, and in the same order.
 */
async function findingsOf(
  db: PipelineParts['db'],
  images: readonly QuickBasis[],
  edition: number,
): Promise<ReadonlyArray<readonly FindingFact[]>> {
  const flaws = await flawsOfVersions(db, images, edition);
  const memory = sharedFindings(db);
  const shared = new Map<number, readonly FindingFact[]>();
  const missing = new Map<number, OutlinePackage>();
  for (const { packages } of images)
    for (const one of packages) {
      if (!flaws.has(one.versionId)) continue;
      const place = placeOf(one);
      if (shared.has(place)) continue;
      const known = memory.findings(place, edition);
      shared.set(place, known ?? []);
      if (!known) missing.set(place, one);
    }
  if (missing.size > 0) {
    const wanted = [...missing.values()];
    const ids = new Set(wanted.map(({ installedId }) => installedId));
    const cves = cvesOf(wanted.flatMap(({ versionId }) => flaws.get(versionId)!.matches));
    const [installed, threats] = await Promise.all([installedPackages(db, [...ids]), threatsOf(db, cves)]);
    for (const [place, { versionId, installedId, layer }] of missing) {
      const one: InstalledPackage = { ...installed.get(installedId)!, layer };
      const source = { installed: one, flaws: flaws.get(versionId)!.flaws, threats };
      shared.set(place, memory.learnFindings(place, edition, source));
    }
  }
  const rank = ranksOf([...shared.values()].flat());
  return inTurns(images, ({ packages }) => {
    const all: FindingFact[] = [];
    for (const one of packages)
      if (flaws.has(one.versionId)) for (const finding of shared.get(placeOf(one))!) all.push(finding);
    return inOrder(all, rank);
  });
}

/** What is known of the package versions of images, by their keys; those of which there is nothing are left out. */
async function flawsOfVersions(
  db: PipelineParts['db'],
  images: readonly QuickBasis[],
  edition: number,
): Promise<ReadonlyMap<number, VersionFlaws>> {
  const memory = sharedFindings(db);
  const seen = new Set<number>();
  const unknown: number[] = [];
  const flaws = new Map<number, VersionFlaws>();
  for (const { packages } of images)
    for (const { versionId } of packages) {
      if (seen.has(versionId)) continue;
      seen.add(versionId);
      const known = memory.flaws(versionId, edition);
      if (!known) unknown.push(versionId);
      else if (known.flaws.length > 0) flaws.set(versionId, known);
    }
  for (const some of chunks(unknown, versionsTogether)) {
    await letPullsPass();
    const matches = Map.groupBy(await matchesOfVersions(db, some), ({ subject }) => subject.id);
    for (const id of some) {
      const learnt = memory.learnFlaws(id, edition, matches.get(id) ?? []);
      if (learnt.flaws.length > 0) flaws.set(id, learnt);
    }
  }
  return flaws;
}

/** One number for a package in a layer: no manifest is large enough to have so many of these. */
function placeOf({ installedId, layer }: OutlinePackage): number {
  return installedId * 2 ** 20 + layer;
}

/** By rank, those of one rank as they stand. */
function inOrder(findings: readonly FindingFact[], rank: ReadonlyMap<FindingFact, number>): FindingFact[] {
  const size = findings.length;
  const places = new Float64Array(size);
  for (let at = 0; at < size; at += 1) places[at] = rank.get(findings[at]!)! * size + at;
  places.sort();
  return Array.from(places, (place) => findings[place % size]!);
}

/** The place of each finding in their canonical order; those that it does not tell apart have one place. */
function ranksOf(findings: FindingFact[]): ReadonlyMap<FindingFact, number> {
  const ranks = new Map<FindingFact, number>();
  let [rank, before]: [number, FindingFact | undefined] = [0, undefined];
  for (const finding of findings.sort(compareFindings)) {
    if (before && compareFindings(before, finding) !== 0) rank += 1;
    ranks.set(finding, rank);
    before = finding;
  }
  return ranks;
}
