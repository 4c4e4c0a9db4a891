import { WharfingerError } from '@wharfinger/lib/errors';
import { recordAudit } from '../audit/record.ts';
import type { Feed } from '../config/load-feeds.ts';
import type { Chore } from '../jobs/chores.ts';
import { transact } from '../db/transaction.ts';
import { enqueue } from '../jobs/enqueue.ts';
import type { JobHandler } from '../jobs/worker.ts';
import { byHand } from '../stores/advisory-origins.ts';
import { feedStates, type FeedState } from '../stores/feeds.ts';
import { forgetFeed } from './forget-feed.ts';
import { nextUpdate } from './schedule.ts';
import { updateFeed, type FeedParts } from './update-feed.ts';

/** A feed as administrators see it. */
export interface FeedReport extends Omit<FeedState, 'seen'> {
  readonly name: string;
  /** false: nobody configures it any more; what it had counts until it is forgotten, and grows old */
  readonly configured: boolean;
  /** this and the following: where it is configured */
  readonly kind?: Feed['kind'];
  readonly source?: string;
  /** RFC 3339: when it is updated next */
  readonly next?: string;
}

/** Keeping feeds up to date. */
export interface FeedWork {
  readonly jobs: Readonly<Record<string, JobHandler>>;
  readonly chores: readonly Chore[];
  /** All feeds, those included that are not configured any more, in order of their names. */
  report(): Promise<FeedReport[]>;
  /** Has feeds updated now, all where none is named. @throws WharfingerError INPUT_INVALID */
  request(name: string | undefined): Promise<string[]>;
  /**
   * Has all forgotten that a feed ever said which is not configured any more.
   * @throws WharfingerError INPUT_INVALID
   */
  forget(name: string, act: { readonly by: string; readonly reason: string }): Promise<void>;
}

const updateJob = 'update-feed';
const forgetJob = 'forget-feed';
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
  const isConfigured = (name: string): boolean => feeds().some((feed) => feed.name === name);
  return {
    jobs: {
      async [updateJob](job, signal) {
        const feed = feeds().find(({ name }) => name === job.key);
        if (feed) await updateFeed(parts, feed, signal);
      },
      async [forgetJob](job, signal) {
        // whoever configured it again meanwhile wants to have it
        if (!isConfigured(job.key)) await forgetFeed(parts, job.key, signal);
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
      const left = [...states].filter(([name]) => name !== byHand && !isConfigured(name));
      const removed = left.map(([name, known]): FeedReport => {
        const { seen: _, ...state }: FeedState = known;
        return { name, configured: false, ...state };
      });
      const configured = feeds().map((feed): FeedReport => {
        const { seen: _, ...state }: FeedState = states.get(feed.name) ?? { failures: 0, ages: [] };
        const next = new Date(Math.max(nextUpdate(feed, state).getTime(), now().getTime()));
        return {
          name: feed.name,
          configured: true,
          kind: feed.kind,
          source: feed.written,
          ...state,
          next: next.toISOString(),
        };
      });
      return [...configured, ...removed].sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    async forget(name, { by, reason }) {
      const what = `feed ${JSON.stringify(name)}`;
      if (isConfigured(name))
        throw new WharfingerError('INPUT_INVALID', {
          what: `the ${what} is configured`,
          remedy: 'take it out of advisories.feeds in the configuration first: it would be fetched again',
        });
      if (name === byHand || !(await feedStates(db)).has(name))
        throw new WharfingerError('INPUT_INVALID', {
          what: `there is no ${what}`,
          remedy: 'wharf advisories feeds names those that are known',
        });
      await transact(db, async (trx) => {
        const at = now();
        await recordAudit(trx, {
          at,
          actor: by,
          action: 'advisories-feed-forget',
          outcome: 'done',
          detail: { feed: name, reason },
        });
        await enqueue(trx, [{ kind: forgetJob, key: name, namespace: '' }], at);
      });
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
