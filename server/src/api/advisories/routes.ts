import type { Readable } from 'node:stream';
import { WharfingerError } from '@wharfinger/lib/errors';
import { advisoryState, importRecords } from '../../pipeline/import-advisories.ts';
import type { PipelineParts } from '../../pipeline/parts.ts';
import { demandAdmin, type ApiContext } from '../context.ts';

/** Importing advisories, and what was imported. */
export function addAdvisoryRoutes(context: ApiContext, parts: PipelineParts): void {
  const { app } = context;

  // Feeds are large: they pass as a stream, whatever type the client gives them.
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    scope.post('/api/v1/advisories', { bodyLimit: Number.MAX_SAFE_INTEGER }, async (request) => {
      demandAdmin(context, request);
      if (!request.body)
        throw new WharfingerError('INPUT_INVALID', {
          what: 'send OSV records, one JSON object on each line',
        });
      return importRecords(parts, request.body as Readable, request.caller.principal ?? '');
    });
  });

  app.get('/api/v1/advisories', async (request) => {
    if (request.caller.principal === null) throw new WharfingerError('UNAUTHORIZED');
    return advisoryState(parts);
  });
}
