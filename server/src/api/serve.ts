import type { IncomingMessage, RequestListener, Server } from 'node:http';
import fastify, { type FastifyInstance } from 'fastify';
import { isWharfingerError, WharfingerError } from '@wharfinger/lib/errors';
import type { Caller } from '@wharfinger/lib/registry/host';
import type { Logger } from 'pino';

export interface ApiServerParts {
  readonly server: Server;
  readonly identify: (request: IncomingMessage) => Caller | Promise<Caller>;
  readonly log: Logger;
}

/** JSON bodies of the API are small; what is large comes as a stream. */
const bodyLimit = 1024 * 1024;

/**
 * The Fastify instance for everything that is not the registry protocol: it knows who calls, and turns every failure
 * into `{"error":{code,message,remedy,detail}}` with the status of the table.
 *
 * @returns the instance, and the listener to hand requests to once `app.ready()` has resolved
 */
export function createApiServer(parts: ApiServerParts): { app: FastifyInstance; listener: RequestListener } {
  let listener: RequestListener | undefined;
  const app = fastify({
    serverFactory: (handler) => {
      listener = handler;
      return parts.server;
    },
    bodyLimit,
    logger: false,
  });
  app.decorateRequest('caller');
  app.addHook('onRequest', async (request) => {
    request.caller = await parts.identify(request.raw);
  });
  app.setNotFoundHandler(() => {
    throw new WharfingerError('NOT_FOUND');
  });
  app.setErrorHandler((error, request, reply) => {
    const failure = toFailure(error);
    if (failure.status >= 500) parts.log.error({ err: error, url: request.url }, 'request failed');
    if (failure.code === 'UNAUTHORIZED') void reply.header('www-authenticate', 'Basic realm="wharfinger"');
    const { code, message, remedy, detail } = failure;
    return reply
      .status(failure.status)
      .send({ error: { code, message, remedy, ...(detail === undefined ? {} : { detail }) } });
  });
  return { app, listener: (request, response) => listener!(request, response) };
}

/** What is no failure of ours is either Fastify's word about the request, or a mistake of the program. */
function toFailure(error: unknown): WharfingerError {
  if (isWharfingerError(error)) return error;
  const status = (error as { statusCode?: number }).statusCode ?? 500;
  if (status < 500)
    return new WharfingerError('INPUT_INVALID', { what: (error as Error).message, cause: error });
  return new WharfingerError('INTERNAL', { cause: error });
}
