import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { WharfingerError } from '@wharfinger/lib/errors';
import { largestVexFile, readVexFile } from '@wharfinger/lib/assess/vex-file';
import type { Scope } from '@wharfinger/lib/routines/records';
import { createPlainCheck, formatPath } from '@wharfinger/lib/routines/plain-check';
import { readScope } from '@wharfinger/lib/routines/read-records';
import { adminName } from '../../access/rights.ts';
import { feedPrefix, importVex, removeVex, type VexParts, type VexRecord } from '../../records/vex.ts';
import { recordInForce, listRecords, type PolicyRecord } from '../../stores/policy-record-rows.ts';
import { parseInput, type ApiContext } from '../context.ts';
import { demandGovernor, demandSignedIn, recordEndBody, recordListQuery } from '../records/routes.ts';

const importQuery = z.strictObject({
  /** what people call the file */
  source: z.string().min(1).max(500).default('a file'),
  /** as bindings have it, as JSON; absent: all repositories */
  scope: z.string().max(100_000).optional(),
});

/** VEX documents that somebody brings in: for who governs all repositories that they are to count in. */
export function addVexRoutes(context: ApiContext, parts: VexParts): void {
  const { app } = context;

  // The document passes as it is, so that its digest is that of the file.
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    scope.post('/api/v1/vex', { bodyLimit: largestVexFile + 1 }, async (request) => {
      demandSignedIn(request);
      const query = parseInput(importQuery, request.query);
      const wanted = scopeOf(query.scope);
      demandGovernor(context, request, wanted);
      if (!request.body) throw new WharfingerError('INPUT_INVALID', { what: 'send the document' });
      const file = readVexFile(await wholeOf(request.body as Readable, query.source), query.source);
      if (file.id.startsWith(feedPrefix))
        throw new WharfingerError('VEX_INVALID', { what: `its id begins with ${feedPrefix}` });
      const by = request.caller.principal ?? '';
      const done = await importVex(parts, file, { by, scope: wanted, source: query.source }, (before) =>
        demandEnding(context, request, before),
      );
      return { ...answerOf(done.record), unchanged: done.unchanged, images: done.images };
    });
  });

  app.get('/api/v1/vex', async (request) => {
    demandSignedIn(request);
    const { last, limit, ended } = parseInput(recordListQuery, request.query);
    const page = { after: last, limit: limit + 1, ended: ended === 'true' };
    const found = await listRecords(parts.db, 'vex', page);
    const shown = found.slice(0, limit);
    return {
      records: shown.map(answerOf),
      ...(found.length > limit ? { next: shown.at(-1)!.id } : {}),
    };
  });

  app.post('/api/v1/vex/end', async (request) => {
    demandSignedIn(request);
    const { name, reason } = parseInput(recordEndBody, request.body);
    const record = await recordInForce(parts.db, 'vex', name);
    if (record) demandEnding(context, request, record);
    const done = await removeVex(parts, name, { by: request.caller.principal ?? '', reason });
    return { ...answerOf(done.record), images: done.images };
  });
}

function scopeOf(text: string | undefined): Scope {
  if (text === undefined) return {};
  const refuse = (what: string): never => {
    throw new WharfingerError('INPUT_INVALID', { what: `scope: ${what}` });
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse('is no JSON');
  }
  const check = createPlainCheck();
  const scope = readScope(value, [], check);
  const [mistake] = check.mistakes;
  return mistake ? refuse(`${formatPath(mistake.path)} ${mistake.what}`) : scope;
}

async function wholeOf(body: Readable, source: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += (chunk as Buffer).length;
    if (size > largestVexFile)
      throw new WharfingerError('VEX_INVALID', {
        what: `${source}: it is larger than ${largestVexFile} bytes`,
      });
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** What an administrator brought in, or a feed that is configured, an administrator ends. */
function demandEnding(context: ApiContext, request: FastifyRequest, record: PolicyRecord): void {
  demandGovernor(context, request, (record.document as VexRecord).scope);
  const isOfHouse = record.madeBy === adminName || record.name.startsWith(feedPrefix);
  if (isOfHouse && !context.rights().isAdmin(request.caller))
    throw new WharfingerError('DENIED', { what: `${record.name} was put in force by ${record.madeBy}` });
}

/** What a document says stands in the judgement; here, how much it is. */
function answerOf({ madeAt, ended, document, ...record }: PolicyRecord): object {
  const { statements, ...brief } = document as VexRecord;
  return {
    ...record,
    document: { ...brief, statements: statements.length },
    madeAt: madeAt.toISOString(),
    ...(ended && { ended: { ...ended, at: ended.at.toISOString() } }),
  };
}
