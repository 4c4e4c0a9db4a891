import { openDatabase } from '../../server/src/db/open.ts';
import { createVerdictMemory } from '../../server/src/gate/verdict-memory.ts';
import { updateFeed } from '../../server/src/feeds/update-feed.ts';

/** A process that takes in one feed after the other and says of each what came of it: to be killed. */
const [, , where, folder, ...files] = process.argv as [string, string, string, string, ...string[]];
const database = await openDatabase(where);
for (const file of files) {
  const name = file.slice(file.lastIndexOf('/') + 1).split('.')[0]!;
  const { error, counts } = await updateFeed(
    {
      db: database.db,
      memory: createVerdictMemory(),
      now: () => new Date(),
      folder,
      fetch: () => Promise.reject(new Error('no network')),
      putVex: () => Promise.reject(new Error('there is no feed of VEX')),
      routinesOfAges: () => [],
    },
    { name, kind: 'osv', written: file, everyMs: 1000, source: { at: 'path', path: file } },
    new AbortController().signal,
  );
  process.stdout.write(`${JSON.stringify({ name, error, counts })}\n`);
}
await database.close();
