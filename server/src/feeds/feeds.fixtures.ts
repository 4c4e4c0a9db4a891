import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addImage } from '@wharfinger/lib/catalog/catalog.fixtures';
import { inventoryFormat, type Package } from '@wharfinger/lib/inspect/inventory';
import type { Digest } from '@wharfinger/lib/oci/digest';
import type { Feed, FeedSource } from '../config/load-feeds.ts';
import type { Db } from '../db/schema.ts';
import { transact } from '../db/transaction.ts';
import { createVerdictMemory } from '../gate/verdict-memory.ts';
import { generationAt } from '../stores/advisory-generation.ts';
import { matchesOfImage, matchVersions } from '../stores/findings.ts';
import { getImage, packImage, putImage } from '../stores/images.ts';
import { createSqlCatalog } from '../stores/sql-catalog.ts';
import type { FeedParts } from './update-feed.ts';

/** An OSV record about versions of an npm package below a fixed one. */
export function record(id: string, name: string, fixed: string, more: object = {}): object {
  const ranges = [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed }] }];
  return {
    id,
    modified: '2026-01-01T00:00:00Z',
    summary: `${name} does what it should not`,
    affected: [{ package: { ecosystem: 'npm', name }, ranges }],
    ...more,
  };
}

/** Records as a feed has them. */
export function lines(...records: readonly object[]): string {
  return records.map((one) => `${JSON.stringify(one)}\n`).join('');
}

export function feedOf(source: FeedSource, more: Partial<Feed> = {}): Feed {
  return { name: 'test', kind: 'osv', written: 'the test', everyMs: 3_600_000, source, ...more };
}

/** A web server that answers as it is told to, and says what it was asked. */
export interface Publisher extends AsyncDisposable {
  readonly url: string;
  readonly asked: IncomingMessage[];
  answer: (request: IncomingMessage, response: ServerResponse) => void;
}

export async function startPublisher(): Promise<Publisher> {
  const publisher = {
    url: '',
    asked: [] as IncomingMessage[],
    answer: (_: IncomingMessage, response: ServerResponse): void => void response.writeHead(404).end(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  const server = createServer((request, response) => {
    publisher.asked.push(request);
    publisher.answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  publisher.url = `http://127.0.0.1:${address.port}/feed.jsonl`;
  return publisher;
}

/** Images that were taken apart, what is found in them, and which of them are asked to be judged again. */
export interface Shelf extends AsyncDisposable {
  readonly parts: FeedParts;
  /** sets the clock */
  at(time: string): void;
  push(name: string, packages: Readonly<Record<string, string>>): Promise<Digest>;
  found(digest: Digest): Promise<string[]>;
  /** Digests of the images that are to be judged again since it was asked last. */
  touched(): Promise<string[]>;
  generation(): Promise<string>;
}

export async function openShelf(db: Db): Promise<Shelf> {
  const folder = await mkdtemp(join(tmpdir(), 'wharfinger-feeds-'));
  let now = new Date('2026-02-01T00:00:00Z');
  const parts: FeedParts = {
    db,
    memory: createVerdictMemory(),
    now: () => now,
    folder: join(folder, 'fetched'),
    fetch: (url, init) => fetch(url, init),
    putVex: () => Promise.reject(new Error('feeds of VEX are not for this shelf')),
    routinesOfAges: () => [],
  };
  return {
    parts,
    at(time) {
      now = new Date(time);
    },
    async push(name, contents) {
      const packages = Object.entries(contents).map(([of, version]): Package => ({
        type: 'npm',
        name: of,
        version,
        match: { ecosystem: 'npm', name: of, version },
        purl: `pkg:npm/${of}@${version}`,
        path: of,
        layer: 0,
      }));
      const digest = await addImage(createSqlCatalog(db), `team/${name}`, name);
      const packed = await packImage({
        format: inventoryFormat,
        complete: true,
        packages,
        problems: [],
        layers: [],
      });
      await transact(db, async (trx) => {
        await matchVersions(trx, await putImage(trx, digest, packed, [], now));
      });
      return digest;
    },
    async found(digest) {
      const image = await getImage(db, digest, [inventoryFormat]);
      return (await matchesOfImage(db, image!.id)).map(({ advisory }) => advisory.id);
    },
    async touched() {
      const rows = await db.deleteFrom('jobs').where('kind', '=', 'judge').returning('key').execute();
      return rows.map((row) => row.key.slice(row.key.indexOf('@') + 1)).sort();
    },
    generation: () => generationAt(db, new Date('2100-01-01')),
    async [Symbol.asyncDispose]() {
      await rm(folder, { recursive: true, force: true });
    },
  };
}
