import Sqlite from 'better-sqlite3';
import { parentPort, workerData } from 'node:worker_threads';
import { openGroups } from './sqlite-groups.ts';
import type { Failure, Reply, Request, SqliteWorkerData } from './sqlite-messages.ts';
import { openStatements } from './sqlite-statements.ts';

/** The body of a thread with one connection, either the writer's or a reader's. */
const { role, file, lockFile } = workerData as SqliteWorkerData;
const port = parentPort!;

/** Answers are sent together; those that took so long are sent before the next statement is carried out. */
const longestMs = 1;

function failureOf(error: unknown): Failure {
  const code = error instanceof Sqlite.SqliteError ? error.code : 'UNKNOWN';
  return { code, message: error instanceof Error ? error.message : String(error) };
}

function reply(...replies: Reply[]): void {
  port.postMessage(replies);
}

/** Takes the data folder for this process. The operating system ends the lock with the process, however that ends. */
function takeLock(path: string): Sqlite.Database {
  const lock = new Sqlite(path, { timeout: 0 });
  lock.pragma('locking_mode = EXCLUSIVE');
  lock.exec('BEGIN EXCLUSIVE');
  return lock;
}

function open(): void {
  const lock = lockFile === undefined ? undefined : takeLock(lockFile);
  const db = new Sqlite(file, { readonly: role === 'reader', timeout: 5000 });
  if (role === 'writer') db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
  db.pragma('cache_size = -16384');
  db.pragma('journal_size_limit = 67108864');
  const statements = openStatements(db);
  const groups = openGroups(db, statements, failureOf);

  port.on('message', (requests: readonly Request[]) => {
    let replies: Reply[] = [];
    let begun = performance.now();
    for (const request of requests) {
      if (request.kind === 'close') {
        db.close();
        lock?.close();
        reply(...replies, { id: request.id });
        port.close();
        return;
      }
      replies.push({ id: request.id, ...groups.handle(request) });
      if (performance.now() - begun < longestMs) continue;
      reply(...replies);
      [replies, begun] = [[], performance.now()];
    }
    if (replies.length > 0) reply(...replies);
  });
}

try {
  open();
  reply({ id: 0 });
} catch (error) {
  reply({ id: 0, failure: failureOf(error) });
}
