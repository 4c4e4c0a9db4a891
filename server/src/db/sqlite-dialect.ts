import {
  SelectQueryNode,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
} from 'kysely';
import type { StatementResult } from './sqlite-messages.ts';
import type { Readers } from './sqlite-readers.ts';
import type { SqliteThread } from './sqlite-thread.ts';
import { createWriter, type Turn, type Writer } from './sqlite-writer.ts';

interface Threads {
  readonly writer: SqliteThread;
  readonly readers: Readers;
}

class ThreadedConnection implements DatabaseConnection {
  readonly #readers: Readers;
  readonly #writer: Writer;
  #turn: Turn | undefined;

  constructor(readers: Readers, writer: Writer) {
    this.#readers = readers;
    this.#writer = writer;
  }

  async begin(): Promise<void> {
    this.#turn = await this.#writer.take();
  }

  async commit(): Promise<void> {
    const turn = this.#turn;
    this.#turn = undefined;
    await turn?.commit();
  }

  /** Does nothing after a commit that failed: the writer has rolled the group back. */
  async rollback(): Promise<void> {
    const turn = this.#turn;
    this.#turn = undefined;
    await turn?.rollback();
  }

  async executeQuery<R>({ sql, parameters, query }: CompiledQuery): Promise<QueryResult<R>> {
    const result = await this.#execute(sql, parameters, SelectQueryNode.is(query));
    return { rows: (result?.rows ?? []) as R[], numAffectedRows: BigInt(result?.changes ?? 0) };
  }

  #execute(
    sql: string,
    parameters: readonly unknown[],
    reads: boolean,
  ): Promise<StatementResult | undefined> {
    if (this.#turn) return this.#turn.run(sql, parameters);
    // Statements in plain text outside of a transaction go to the writer, whatever they are: that is always right.
    return reads ? this.#readers.send({ kind: 'run', sql, parameters }) : this.#writer.write(sql, parameters);
  }

  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('queries are not streamed: read page by page, continuing after the last key');
  }
}

class ThreadedDriver implements Driver {
  readonly #threads: Threads;
  readonly #writer: Writer;

  constructor(threads: Threads) {
    this.#threads = threads;
    this.#writer = createWriter(threads.writer);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<ThreadedConnection> {
    return new ThreadedConnection(this.#threads.readers, this.#writer);
  }

  async beginTransaction(connection: ThreadedConnection): Promise<void> {
    await connection.begin();
  }

  async commitTransaction(connection: ThreadedConnection): Promise<void> {
    await connection.commit();
  }

  async rollbackTransaction(connection: ThreadedConnection): Promise<void> {
    await connection.rollback();
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    // A last turn: what was begun before is ended then.
    const turn = await this.#writer.take();
    try {
      await turn.commit();
    } finally {
      await this.#threads.readers.close();
      await this.#threads.writer.close();
    }
  }
}

class ThreadedAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

/**
 * SQLite in threads of its own, so that the calling thread never waits for it: reads outside of transactions go to
 * read-only connections, which see committed data only, everything else to the one writer.
 */
export function threadedSqliteDialect(threads: Threads): Dialect {
  return {
    createDriver: () => new ThreadedDriver(threads),
    createAdapter: () => new ThreadedAdapter(),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  };
}
