/** Work to be asked for. */
export interface JobRequest {
  /** which handler does it */
  readonly kind: string;
  /** what it is about: a job of this kind and key that is waiting is not doubled, and never runs twice at a time */
  readonly key: string;
  /** whose it is; namespaces share the workers evenly. `namespaceOf` makes it of a repository */
  readonly namespace: string;
  /** any JSON value; of two requests of one key the later one counts */
  readonly payload?: unknown;
  /** higher goes first, whatever the namespace; 0 if absent */
  readonly priority?: number;
  /** not before; at once if absent */
  readonly runAfter?: Date;
  /** how often it may fail before it is dead; 8 if absent */
  readonly maxAttempts?: number;
}

/** A job that was handed to a worker. */
export interface Job {
  readonly id: number;
  readonly kind: string;
  readonly key: string;
  readonly namespace: string;
  readonly payload: unknown;
  /** this one included, from 1 */
  readonly attempt: number;
  readonly maxAttempts: number;
}

/** A job that failed too often; it stays until somebody retries it, or asks for the same work again. */
export interface DeadJob {
  readonly id: number;
  readonly kind: string;
  readonly key: string;
  readonly namespace: string;
  /** how often it was tried */
  readonly attempts: number;
  /** when it was asked for */
  readonly asked: Date;
  /** why the last try failed, with where in the program: for those who run it */
  readonly error: string;
}

/** How many jobs of a kind there are in a state. */
export interface JobCount {
  readonly kind: string;
  readonly state: 'ready' | 'delayed' | 'running' | 'dead';
  readonly count: number;
}

/** The namespace that a repository belongs to: its first path component. */
export function namespaceOf(repository: string): string {
  const slash = repository.indexOf('/');
  return slash < 0 ? repository : repository.slice(0, slash);
}
