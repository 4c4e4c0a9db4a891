import { openDatabase } from '../open.ts';

/** A process that writes rows one after the other and says of each that it is durable: to be killed. */
const { db } = await openDatabase(process.argv[2]!);
const writers = Array.from({ length: 8 }, async (_, writer) => {
  for (let n = 0; ; n += 1) {
    const name = `${writer}-${n}`;
    await db.insertInto('repositories').values({ name, created_at: n }).execute();
    process.stdout.write(`${name}\n`);
  }
});
await Promise.all(writers);
