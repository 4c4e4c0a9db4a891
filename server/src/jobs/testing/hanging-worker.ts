import { openDatabase } from '../../db/open.ts';
import { startWorker } from '../worker.ts';

/** A process that takes one job, says so, and never ends it: to be killed. */
const { db } = await openDatabase(process.argv[2]!);
startWorker({
  db,
  concurrency: 1,
  now: () => new Date(),
  onError: (error) => console.error(error),
  leaseMs: 1000,
  handlers: {
    work: async () => {
      console.log('running');
      await new Promise(() => {});
    },
  },
});
