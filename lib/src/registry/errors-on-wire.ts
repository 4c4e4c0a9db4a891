import type { IncomingMessage, ServerResponse } from 'node:http';
import { describeError, isWharfingerError, WharfingerError } from '../errors.ts';

/** What is worth saying in an error; no line of a terminal is helped by more. */
const maxMessage = 4000;

/**
 * Answers with an error as clients of the distribution specification read it: `{"errors":[{code, message, detail}]}`.
 * The message says what was wrong and what to do. What is not a WharfingerError says nothing of itself.
 *
 * @param challenge WWW-Authenticate, for 401
 */
export function answerError(
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
  challenge: () => string,
): void {
  if (response.headersSent) {
    // Too late to say anything: a connection that breaks is not taken for a whole answer.
    response.destroy();
    return;
  }
  const known = isWharfingerError(error) ? error : new WharfingerError('INTERNAL');
  const message = `${known.message} (${known.remedy})`.slice(0, maxMessage);
  const code = describeError(known.code).oci ?? 'UNSUPPORTED';
  const body = Buffer.from(JSON.stringify({ errors: [{ code, message, detail: known.detail }] }));
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Content-Length', body.length);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  if (known.status === 401) response.setHeader('WWW-Authenticate', challenge());
  response.statusCode = known.status;
  response.end(request.method === 'HEAD' ? undefined : body);
  // What is left of a body that nobody reads would block the connection, and hide the answer from its sender.
  if (!request.complete) request.resume();
}
