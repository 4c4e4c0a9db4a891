import type { IncomingMessage, RequestListener, Server } from 'node:http';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { isWharfingerError, WharfingerError } from '@wharfinger/lib/errors';
import type { Caller } from '@wharfinger/lib/registry/host';
import type { Logger } from 'pino';
import { tokenPath } from '../gate/registry-host.ts';

export interface ApiServerParts {
  readonly server: Server;
  readonly identify: (request: IncomingMessage) => Caller | Promise<Caller>;
  readonly log: Logger;
}

/** JSON bodies of the API are small; what is large comes as a stream. */
const bodyLimit = 1024 * 1024;

/**
 * For browsers, on every answer: what it is called is what it is, nobody frames it, nothing is loaded from elsewhere, and
 * no cache keeps what was meant for one caller.
 */
const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'content-security-policy':
    "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/**
 * The Fastify instance for everything that is not the registry protocol: it knows who calls, and turns every failure
 * into `{"error":{code,message,remedy,detail}}` with the status of the table.
 *
 * @returns the instance, and the listener to hand requests to once `app.ready()` has resolved
 */
export function createApiServer(parts: ApiServerParts): { app: FastifyInstance; listener: RequestListener } {
  let listener: RequestListener | undefined;
  const answerFailure = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const failure = toFailure(error);
    if (failure.status >= 500) parts.log.error({ err: error, url: request.url }, 'request failed');
    if (failure.code === 'UNAUTHORIZED') void reply.header('www-authenticate', 'Basic realm="wharfinger"');
    const { code, message, remedy, detail } = failure;
    void reply
      .status(failure.status)
      .headers(securityHeaders)
      .send({ error: { code, message, remedy, ...(detail === undefined ? {} : { detail }) } });
  };
  const app = fastify({
    serverFactory: (handler) => {
      listener = handler;
      return parts.server;
    },
    bodyLimit,
    logger: false,
    // No route has such schemas: what comes is checked by parseInput. The compilers of Fastify are not even loaded.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    // What fails before a route is found, such as an address that cannot be decoded.
    frameworkErrors: answerFailure,
  });
  app.decorateRequest('caller');
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(securityHeaders);
    request.caller = await parts.identify(request.raw);
    // Who was lent one image may read that, and nothing that is said of it.
    if (request.caller.opens !== undefined && request.routeOptions.url !== tokenPath)
      throw new WharfingerError('UNAUTHORIZED', { what: 'this token opens one image, and nothing else' });
  });
  app.setNotFoundHandler(() => {
    throw new WharfingerError('NOT_FOUND');
  });
  app.setErrorHandler(answerFailure);
  return { app, listener: (request, response) => listener!(request, response) };
}

function noSchemas(): never {
  throw new Error('routes have no schemas of Fastify: what comes is checked by parseInput');
}

/** What is no failure of ours is either Fastify's word about the request, or a mistake of the program. */
function toFailure(error: unknown): WharfingerError {
  if (isWharfingerError(error)) return error;
  const status = (error as { statusCode?: number }).statusCode ?? 500;
  if (status === 413) return new WharfingerError('INPUT_TOO_LARGE', { cause: error });
  if (status < 500)
    return new WharfingerError('INPUT_INVALID', { what: (error as Error).message, cause: error });
  return new WharfingerError('INTERNAL', { cause: error });
}
