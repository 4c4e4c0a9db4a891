import type { IncomingMessage, ServerResponse } from 'node:http';
import { isWharfingerError, WharfingerError } from '@wharfinger/lib/errors';
import type { Phase } from './admit.ts';
import { formatReview, parseReview, type Answer, type ReviewRequest } from './review.ts';

export interface ListenerParts {
  readonly answer: (request: ReviewRequest, phase: Phase) => Promise<Answer>;
  /** why it is not ready to answer; undefined: it is */
  readonly notReady: () => Promise<string | undefined>;
  /** in the text format of Prometheus */
  readonly metrics: () => string;
  readonly note: (request: ReviewRequest, phase: Phase, answer: Answer) => void;
  readonly failed: (error: unknown) => void;
}

/** An object in Kubernetes is at most 1.5 MiB, and an update sends two. */
const longestBody = 8 * 1024 * 1024;

/** Bytes of bodies that are being read, all together: memory stays bounded whoever sends how slowly. */
const mostBytes = 256 * 1024 * 1024;

/**
 * Answers POST /mutate and /validate with an AdmissionReview, and GET /healthz, /readyz and /metrics. What is no review gets a
 * status from 400 up, which the API server takes as a refusal.
 */
export function makeListener(
  parts: ListenerParts,
): (request: IncomingMessage, response: ServerResponse) => void {
  let reading = 0;
  async function readBody(request: IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        size += chunk.length;
        reading += chunk.length;
        if (size > longestBody) {
          throw new WharfingerError('INPUT_TOO_LARGE', { what: `a review is at most ${longestBody} bytes` });
        }
        if (reading > mostBytes) {
          throw new WharfingerError('TOO_MANY_REQUESTS', { what: 'too many large reviews are being read' });
        }
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    } finally {
      reading -= size;
    }
  }
  async function review(request: IncomingMessage, phase: Phase): Promise<object> {
    if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
      throw new WharfingerError('REVIEW_INVALID', { what: 'the content type is not application/json' });
    }
    const asked = parseReview(await readBody(request));
    const answer = await parts.answer(asked, phase);
    parts.note(asked, phase, answer);
    return formatReview(asked.uid, answer);
  }
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?')[0];
    if (request.method === 'POST' && (path === '/mutate' || path === '/validate')) {
      const body = JSON.stringify(await review(request, path === '/mutate' ? 'mutate' : 'validate'));
      return send(response, 200, 'application/json', body);
    }
    if (request.method === 'GET' && path === '/healthz') return send(response, 200, 'text/plain', 'ok\n');
    if (request.method === 'GET' && path === '/readyz') {
      const why = await parts.notReady();
      return send(response, why === undefined ? 200 : 503, 'text/plain', `${why ?? 'ok'}\n`);
    }
    if (request.method === 'GET' && path === '/metrics') {
      return send(response, 200, 'text/plain; version=0.0.4', parts.metrics());
    }
    throw new WharfingerError('NOT_FOUND', { what: `${request.method} ${path?.slice(0, 200)}` });
  }
  return (request, response) => {
    handle(request, response).catch((error: unknown) => {
      const failure = isWharfingerError(error) ? error : new WharfingerError('INTERNAL', { cause: error });
      if (failure.status >= 500) parts.failed(error);
      if (response.headersSent || response.destroyed) return response.destroy();
      // what is left of a body that is too long is not read
      if (!request.complete) response.setHeader('connection', 'close');
      return send(response, failure.status, 'text/plain', `${failure.message}\n${failure.remedy}\n`);
    });
  };
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  });
  response.end(body);
}
