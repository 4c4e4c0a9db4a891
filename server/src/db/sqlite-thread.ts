import { Worker } from 'node:worker_threads';
import { threadEnvironment } from '../memory/thread-environment.ts';
import { failureError } from './failures.ts';
import type { Reply, Request, SqliteWorkerData, StatementResult, Wish } from './sqlite-messages.ts';

/** A thread with one connection, seen from outside. */
export interface SqliteThread {
  /** Sends a request; requests are carried out in this order. */
  send(wish: Wish): Promise<StatementResult | undefined>;
  /** True while something is asked that was not answered yet. */
  isBusy(): boolean;
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (result: StatementResult | undefined) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A copy of exactly the bytes that are meant: a small Buffer lies in a pool, and all of the pool would be sent with it.
 */
function forTransport(parameter: unknown): unknown {
  if (!(parameter instanceof Uint8Array)) return parameter;
  return parameter.byteLength === parameter.buffer.byteLength ? parameter : new Uint8Array(parameter);
}

/** Starts a thread; resolves when its connection is open. */
export async function startThread(data: SqliteWorkerData): Promise<SqliteThread> {
  const body = import.meta.url.endsWith('.ts') ? './sqlite-worker.ts' : './sqlite-worker.js';
  const worker = new Worker(new URL(body, import.meta.url), {
    workerData: data,
    execArgv: [],
    env: threadEnvironment(),
    name: `sqlite ${data.role}`,
  });
  const waiting = new Map<number, Waiting>();
  let last = 0;
  let ended: Error | undefined;

  function end(reason: Error): void {
    ended ??= reason;
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
  }
  worker.on('message', (replies: readonly Reply[]) => {
    for (const { id, result, failure } of replies) {
      const request = waiting.get(id);
      waiting.delete(id);
      if (failure) request?.reject(failureError(failure));
      else request?.resolve(result);
    }
  });
  worker.on('error', end);
  worker.on('exit', () => end(failureError({ code: 'CLOSED', message: 'the database is closed' })));

  const answerTo = (id: number) =>
    new Promise<StatementResult | undefined>((resolve, reject) => {
      if (ended) reject(ended);
      else waiting.set(id, { resolve, reject });
    });

  /** What is asked for at once goes as one message: to send one takes longer than to carry out most of what is asked. */
  let unsent: Request[] = [];
  let isSending = false;
  function sendAll(): void {
    const requests = unsent;
    unsent = [];
    isSending = false;
    try {
      worker.postMessage(requests, []);
    } catch {
      // One of them has a parameter that cannot be sent. That is the failure of who gave it, and of nobody else.
      for (const request of requests) sendAlone(request);
    }
  }
  function sendAlone(request: Request): void {
    try {
      worker.postMessage([request], []);
    } catch (error) {
      waiting.get(request.id)?.reject(error as Error);
      waiting.delete(request.id);
    }
  }

  const thread: SqliteThread = {
    send(wish) {
      last += 1;
      const answer = answerTo(last);
      const sent = wish.kind === 'run' ? { ...wish, parameters: wish.parameters.map(forTransport) } : wish;
      unsent.push({ id: last, ...sent });
      // who begins asks for something right away
      if (!isSending && wish.kind !== 'begin') {
        isSending = true;
        queueMicrotask(sendAll);
      }
      return answer;
    },
    isBusy: () => waiting.size > 0,
    async close() {
      if (!ended) await thread.send({ kind: 'close' });
      await worker.terminate();
    },
  };
  try {
    await answerTo(0);
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  return thread;
}
