import { WharfingerError } from '@wharfinger/lib/errors';
import type { Feed } from '../config/load-feeds.ts';
import type { Chore } from '../jobs/chores.ts';
import { transact } from '../db/transaction.ts';
import { enqueue } from '../jobs/enqueue.ts';
import type { JobHandler } from '../jobs/worker.ts';
import { feedStates, type FeedState } from '../stores/feeds.ts';
import { nextUpdate } from './schedule.ts';
import { updateFeed, type FeedParts } from './update-feed.ts';

/** A feed as administrators see it. */
export interface FeedReport extends Omit<FeedState, 'seen'> {
  readonly name: string;
  readonly kind: Feed['kind'];
  readonly source: string;
  /** RFC 3339: when it is updated next */
  readonly next: string;
}

/** Keeping feeds up to date. */
export interface FeedWork {
  readonly jobs: Readonly<Record<string, JobHandler>>;
  readonly chores: readonly Chore[];
  /** All feeds, in order of their names. */
  report(): Promise<FeedReport[]>;
  /** Has feeds updated now, all where none is named. @throws WharfingerError INPUT_INVALID */
  request(name: string | undefined): Promise<string[]>;
}

const updateJob = 'update-feed';
const checkMs = 30_000;

/**
 * @param feeds those that are configured now
 */
export function describeFeedWork(parts: FeedParts, feeds: () => readonly Feed[]): FeedWork {
  const { db, now } = parts;
  const ask = (names: readonly string[]): Promise<void> =>
    transact(db, (trx) =>
      enqueue(
        trx,
        names.map((key) => ({ kind: updateJob, key, namespace: '' })),
        now(),
      ),
    );
  return {
    jobs: {
      async [updateJob](job, signal) {
        const feed = feeds().find(({ name }) => name === job.key);
        if (feed) await updateFeed(parts, feed, signal);
      },
    },
    chores: [
      {
        what: 'asking for feeds of advisories that are due',
        everyMs: checkMs,
        async work() {
          const states = await feedStates(db);
          const due = feeds().filter((feed) => {
            const state = states.get(feed.name) ?? { failures: 0, ages: [] };
            return nextUpdate(feed, state) <= now();
          });
          await ask(due.map(({ name }) => name));
        },
      },
    ],
    async report() {
      const states = await feedStates(db);
      return feeds()
        .map((feed): FeedReport => {
          const { seen: _, ...state }: FeedState = states.get(feed.name) ?? { failures: 0, ages: [] };
          const next = new Date(Math.max(nextUpdate(feed, state).getTime(), now().getTime()));
          return {
            name: feed.name,
            kind: feed.kind,
            source: feed.written,
            ...state,
            next: next.toISOString(),
          };
        })
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    async request(name) {
      const names = feeds()
        .map((feed) => feed.name)
        .filter((one) => name === undefined || one === name);
      if (name !== undefined && names.length === 0)
        throw new WharfingerError('INPUT_INVALID', {
          what: `there is no feed ${JSON.stringify(name)}`,
          remedy: 'name one that stands below advisories.feeds in the configuration',
        });
      await ask(names);
      return names;
    },
  };
}
