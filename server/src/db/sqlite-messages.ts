/** What the threads of the SQLite database say to each other. */
export interface SqliteWorkerData {
  readonly role: 'writer' | 'reader';
  readonly file: string;
  /** held for as long as the thread lives; the writer alone has one */
  readonly lockFile?: string;
}

/** Requests to a thread, carried out in the order in which they are sent. A reader knows `run` and `close` only. */
export type Request =
  | { readonly id: number; readonly kind: 'begin' | 'release' | 'rollback' | 'commit' }
  | { readonly id: number; readonly kind: 'close' }
  | {
      readonly id: number;
      readonly kind: 'run';
      readonly sql: string;
      readonly parameters: readonly unknown[];
    };

/** A request before it is numbered. */
export type Wish = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;

/** Answers a request by its id; id 0 tells that the thread has started. */
export interface Reply {
  readonly id: number;
  readonly result?: StatementResult | undefined;
  readonly failure?: Failure | undefined;
}

export interface StatementResult {
  readonly rows: unknown[];
  readonly changes: number;
}

export interface Failure {
  /** of SQLite, such as SQLITE_FULL; CLOSED where the thread has ended */
  readonly code: string;
  readonly message: string;
}
