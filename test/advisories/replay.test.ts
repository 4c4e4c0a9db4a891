import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Advisory } from '@wharfinger/lib/advisories/advisory';
import { parseOsv } from '@wharfinger/lib/advisories/osv';
import { findingFacts } from '@wharfinger/lib/assess/findings-of-image';
import { matchAdvisories } from '@wharfinger/lib/assess/match-advisories';
import type { ChangeCause } from '@wharfinger/lib/assess/verdict-change';
import type { ImageInventory } from '@wharfinger/lib/inspect/inventory';
import type { FixtureEntry } from '@wharfinger/lib/inspect/layer-fixture';
import { rpmHeader, sqliteOf } from '@wharfinger/lib/inspect/packages/rpm/rpm.fixtures';
import type { FindingFact } from '@wharfinger/lib/routines/facts/findings';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeRandom } from '../fuzz/random.ts';
import { imageOf, layerOf } from '../harness/images.ts';
import { startProduct, type Product } from '../harness/product.ts';
import { checkedVerdict, until, visitor, type Visitor } from '../harness/registry-client.ts';
import { lacksPath } from '../requirements.ts';
import { seed } from '../seed.ts';
import { daysOf, linesOf, versionsIn, type Day } from './streams.ts';

const kills = Number(process.env['WHARFINGER_TEST_CRASHES'] ?? 12);
const repository = 'strict/app';

interface Event {
  readonly at: string;
  readonly digest: string;
  readonly before: string | null;
  readonly outcome: string;
  readonly cause: ChangeCause;
}

interface Feed {
  readonly name: string;
  readonly error?: string;
  readonly succeeded?: string;
  readonly tried?: string;
  readonly counts?: { readonly read: number };
}

/** What identifies a finding, and all of it that decides; `since` is when a record without a date was first seen. */
const keyOf = ({ advisory, purl }: FindingFact): string => `${purl} ${advisory}`;
const weightOf = (finding: FindingFact): string => {
  const { since: _, summary: __, aliases: ___, ...rest } = finding;
  return JSON.stringify(rest);
};

const isEqual = (a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean =>
  a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);

/** In what the events of one image on one day do not tell of how its findings changed. */
function mistakesIn(
  events: readonly Event[],
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  isKilled: boolean,
): string[] {
  const mistakes: string[] = [];
  const isFirst = before.size === 0 && events.some(({ cause }) => cause.facts.includes('advisories'));
  if (isEqual(before, after)) {
    // what was unknown before is known to be nothing
    if (!isFirst && events.length > 0) mistakes.push(`nothing has changed, and ${JSON.stringify(events)}`);
    return mistakes;
  }
  const keys = [...after.keys()].sort();
  const isOther = JSON.stringify(keys) !== JSON.stringify([...before.keys()].sort());
  if (isOther && events.length === 0) mistakes.push('a change without an event');
  // a kill between two batches may make two of one; together they are the difference
  const folded = new Set(before.keys());
  for (const { purl, advisory, what } of events.flatMap(({ cause }) => cause.findings)) {
    const key = `${purl} ${advisory}`;
    if (what === 'came' && folded.has(key)) mistakes.push(`${key} came twice`);
    if (what === 'came') folded.add(key);
    if (what === 'went' && !folded.delete(key)) mistakes.push(`${key} went, and was not there`);
  }
  if (JSON.stringify([...folded].sort()) !== JSON.stringify(keys))
    mistakes.push('together they are another change');
  if (!isKilled && events.length > streams.length)
    mistakes.push(`${events.length} events of ${streams.length} updates`);
  return mistakes;
}

const streams = [
  { name: 'go', type: 'golang', file: 'go-2025-08-21_2026-08-21.jsonl.gz' },
  { name: 'almalinux', type: 'rpm', file: 'almalinux-2026-02-21_2026-08-21.jsonl.gz' },
  { name: 'bitnami', type: 'bitnami', file: 'bitnami-2026-06-01_2026-08-05.jsonl.gz' },
] as const;

type Named = { readonly name: string; readonly version: string };

/** An image of which an SBOM says what it contains. */
function sbomFiles(packages: readonly Named[], type: string): FixtureEntry[] {
  const components = packages.map(({ name, version }) => ({
    type: 'library',
    name,
    version,
    purl: `pkg:${type}/${name}@${type === 'golang' ? 'v' : ''}${version}`,
  }));
  const sbom = { bomFormat: 'CycloneDX', specVersion: '1.6', components };
  return [{ name: 'usr/share/sbom/app.json', body: JSON.stringify(sbom) }];
}

/** An image of AlmaLinux 9, by its database. */
function rpmFiles(packages: readonly Named[]): FixtureEntry[] {
  const headers = packages.map(({ name, version: whole }) => {
    const [, epoch = '0', version = '', release = ''] = /^(?:(\d+):)?(.*)-([^-]+)$/.exec(whole) ?? [];
    return rpmHeader({ name, version, release, epoch: Number(epoch), vendor: 'AlmaLinux' });
  });
  return [
    { name: 'etc/os-release', body: 'ID=almalinux\nVERSION_ID=9.4\n' },
    { name: 'var/lib/rpm/rpmdb.sqlite', body: sqliteOf(headers).database },
  ];
}

/** One of a module takes more than a header says; headers of the kernel count for nothing, so that no verdict changes by them. */
function isOfAlmaLinux9({ ecosystem, name, version }: Named & { readonly ecosystem: string }): boolean {
  return ecosystem === 'AlmaLinux:9' && !version.includes('.module_el') && !name.includes('headers');
}

describe.skipIf(lacksPath('WHARFINGER_TEST_DATA'))(
  `real updates day by day, with ${kills} kills between`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'replay-'));
    const random = makeRandom(String(seed));
    let product: Product;
    let admin: Visitor;
    const images = new Map<string, ImageInventory>();

    async function start(): Promise<void> {
      product = await startProduct({
        folder,
        config: {
          namespaces: [{ name: 'strict', gate: 'hold' }],
          advisories: {
            feeds: streams.map(({ name }) => ({ name, source: `${name}.jsonl`, every: '7d' })),
          },
        },
      });
      admin = visitor(product.url, { name: product.user, password: product.password });
    }

    beforeAll(start);
    afterAll(async () => {
      await product?.kill();
      rmSync(folder, { recursive: true, force: true });
    });

    /** Images of packages that records of these days are about. */
    async function pushImages(days: readonly Day[], type: string, wanted: number): Promise<void> {
      const versions = versionsIn(days.at(-1)!.records.values()).filter(
        (one) => type !== 'rpm' || isOfAlmaLinux9(one),
      );
      const step = Math.max(1, Math.floor(versions.length / wanted));
      const chosen = versions.filter((_, at) => at % step === 0).slice(0, wanted);
      for (let at = 0; at < chosen.length; at += 6) {
        const packages = chosen.slice(at, at + 6);
        const layer = layerOf(...(type === 'rpm' ? rpmFiles(packages) : sbomFiles(packages, type)));
        const digest = await admin.push(repository, imageOf([layer]));
        await checkedVerdict(admin, repository, digest);
        const { json } = await admin.api<{ inventory: ImageInventory }>('images', {
          repository,
          reference: digest,
        });
        images.set(digest, json.inventory);
      }
    }

    const parsed = new WeakMap<object, Advisory>();

    /** What the library finds in each image, given these records: nothing of a server. */
    async function expected(records: readonly object[]): Promise<Map<string, Map<string, string>>> {
      const advisories = records.map((record) => {
        const advisory = parsed.get(record) ?? parseOsv(record);
        parsed.set(record, advisory);
        return advisory;
      });
      const { matches } = await matchAdvisories(
        { records: () => advisories },
        [...images.values()].flatMap(({ packages }) =>
          packages.flatMap(({ match: { ecosystem, name, version } }) =>
            ecosystem === undefined ? [] : [{ ecosystem, name, version }],
          ),
        ),
      );
      return new Map(
        [...images].map(([digest, { packages }]) => [
          digest,
          new Map(findingFacts(packages, matches).map((one) => [keyOf(one), weightOf(one)])),
        ]),
      );
    }

    async function findingsOf(digest: string): Promise<Map<string, string>> {
      const { json } = await admin.api<{ facts: { findings: FindingFact[] } }>('images', {
        repository,
        reference: digest,
      });
      return new Map(json.facts.findings.map((one) => [keyOf(one), weightOf(one)]));
    }

    /** Every event, the oldest first. */
    async function eventsSince(known: number): Promise<Event[]> {
      const events: Event[] = [];
      for (let last: string | undefined; ;) {
        const { status, json } = await admin.api<{ events: Event[]; next?: string }>('events', {
          limit: '100',
          ...(last === undefined ? {} : { last }),
        });
        expect(status).toBe(200);
        events.push(...json.events);
        if (json.next === undefined) return events.toReversed().slice(known);
        last = json.next;
      }
    }

    /** Asks for the update until the feed has taken in what lies there now. */
    async function updated(name: string, records: number, isKilled: boolean): Promise<void> {
      if (isKilled) {
        await admin.post('advisories/feeds/update', { feed: name });
        await pause(random.below(250));
        await product.kill();
        await start();
      }
      const asked = new Date().toISOString();
      await admin.post('advisories/feeds/update', { feed: name });
      await until(async () => {
        const { json } = await admin.api<{ feeds: Feed[] }>('advisories/feeds');
        const feed = json.feeds.find((one) => one.name === name)!;
        if (feed.error !== undefined && feed.tried! >= asked) throw new Error(feed.error);
        const isDone =
          feed.succeeded !== undefined && feed.succeeded >= asked && feed.counts?.read === records;
        return isDone ? feed : undefined;
      }, `the feed ${name}`);
    }

    it(
      'end as a fresh import does, and tell of every change of a verdict once',
      { timeout: 1_800_000 },
      async () => {
        const binding = {
          id: 'all-of-them',
          collection: 'standard',
          routine: 'no-severe-vulnerabilities',
          parameters: { severity: 'low', daysCritical: 0, daysHigh: 0, daysMedium: 0, daysLow: 0 },
          scope: { repositories: ['strict/**'] },
          purposes: ['pull'],
          effect: 'hold',
        };
        expect((await admin.post('bindings', binding)).status).toBe(200);
        const replayed = streams.map((stream) => ({ ...stream, days: daysOf(stream.file) }));
        for (const { days, type } of replayed) await pushImages(days, type, 90);
        const dates = [...new Set(replayed.flatMap(({ days }) => days.map(({ date }) => date)))].sort();
        const killedOn = new Set(Array.from({ length: kills }, () => random.pick(dates)));
        const state = new Map<string, readonly object[]>();
        let known = new Map([...images.keys()].map((digest) => [digest, new Map<string, string>()]));
        let told = (await eventsSince(0)).length;
        let changes = 0;
        for (const date of dates) {
          for (const { name, days } of replayed) {
            const day = days.find((one) => one.date === date);
            if (!day) continue;
            state.set(name, [...day.records.values()]);
            writeFileSync(join(folder, `${name}.jsonl`), linesOf(day.records.values()));
            await updated(name, day.records.size, killedOn.has(date));
          }
          const records = [...state.values()].flat();
          const now = await expected(records);
          for (const digest of images.keys()) {
            // asked for, so that it has been judged by now
            const { status } = await admin.api('verdict', { repository, reference: digest });
            expect(status).toBe(200);
          }
          const events = await eventsSince(told);
          told += events.length;
          for (const [digest, findings] of now) {
            const own = events.filter((event) => event.digest === digest);
            const before = known.get(digest)!;
            if (!isEqual(before, findings)) changes += 1;
            expect(mistakesIn(own, before, findings, killedOn.has(date)), `${date} ${digest}`).toEqual([]);
          }
          known = now;
        }
        expect(changes).toBeGreaterThan(50);
        for (const [digest, findings] of known) expect(await findingsOf(digest)).toEqual(findings);
        await endsAsAFreshImport(known, state);
      },
    );

    async function endsAsAFreshImport(
      known: ReadonlyMap<string, ReadonlyMap<string, string>>,
      state: ReadonlyMap<string, readonly object[]>,
    ): Promise<void> {
      const { json: replayed } = await admin.api<{ generation: string; count: number }>('advisories');
      const fresh = mkdtempSync(join(tmpdir(), 'replay-fresh-'));
      const other = await startProduct({ folder: fresh });
      try {
        const visit = visitor(other.url, { name: other.user, password: other.password });
        const { status } = await visit.post('advisories', linesOf([...state.values()].flat()));
        expect(status).toBe(200);
        const { json } = await visit.api<{ generation: string; count: number }>('advisories');
        expect([replayed.generation, replayed.count]).toEqual([json.generation, json.count]);
        expect(known.size).toBeGreaterThan(20);
      } finally {
        await other.kill();
        rmSync(fresh, { recursive: true, force: true });
      }
    }
  },
);
