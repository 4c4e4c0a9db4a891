import type { FastifyRequest } from 'fastify';
import { WharfingerError } from '@wharfinger/lib/errors';
import { isDigest, type Digest } from '@wharfinger/lib/oci/digest';
import { parseReference } from '@wharfinger/lib/oci/reference';
import type { Scope } from '@wharfinger/lib/routines/records';
import { z } from 'zod';
import { adminName } from '../../access/rights.ts';
import type { PolicyRecord, RecordKind } from '../../stores/policy-record-rows.ts';
import { demandAdmin, pageFields, parseInput, repositoryField, type ApiContext } from '../context.ts';

/** What may be done to records. */
export interface RecordActs {
  /** Puts a record in force. @throws WharfingerError RECORD_EXISTS, INPUT_INVALID, BINDING_INVALID, WAIVER_INVALID */
  readonly add: (kind: RecordKind, document: unknown, by: string) => Promise<PolicyRecord>;
  /** Puts a break-glass grant in force. @throws WharfingerError GRANT_INVALID, RECORD_EXISTS */
  readonly addGrant: (envelopes: readonly string[], by: string) => Promise<PolicyRecord>;
  /** Takes in a collection. @throws WharfingerError MANIFEST_UNKNOWN, SIGNATURE_INVALID, ROUTINE_INVALID, REMOTE_FAILED */
  readonly useCollection: (
    reference: { readonly registry?: string; readonly repository: string; readonly digest: Digest },
    by: string,
  ) => Promise<PolicyRecord>;
  /** Reads what a record is to say, and no more. */
  readonly read: (kind: RecordKind, document: unknown) => unknown;
  /** The record of that kind and name that is in force; undefined: there is none. */
  readonly get: (kind: RecordKind, name: string) => Promise<PolicyRecord | undefined>;
  /** @throws WharfingerError NOT_FOUND, INPUT_INVALID where something in force rests on it */
  readonly end: (
    kind: RecordKind,
    name: string,
    act: { by: string; reason: string },
  ) => Promise<PolicyRecord>;
  readonly list: (
    kind: RecordKind,
    page: { readonly after: number; readonly limit: number; readonly ended: boolean },
  ) => Promise<PolicyRecord[]>;
}

/** Paths of the records, and who may make and end them: administrators, or who governs all that the record is about. */
const resources: ReadonlyArray<{
  readonly path: string;
  readonly kind: RecordKind;
  readonly by: 'admin' | 'governor';
}> = [
  { path: 'publishers', kind: 'publisher', by: 'admin' },
  { path: 'keys', kind: 'key', by: 'admin' },
  { path: 'trust', kind: 'trust', by: 'admin' },
  { path: 'sigstore-roots', kind: 'root', by: 'admin' },
  { path: 'trust-stores', kind: 'trust-store', by: 'admin' },
  { path: 'certificate-revocations', kind: 'crl', by: 'admin' },
  { path: 'layouts', kind: 'layout', by: 'admin' },
  { path: 'grant-rules', kind: 'grant-rule', by: 'admin' },
  { path: 'bindings', kind: 'binding', by: 'governor' },
  { path: 'waivers', kind: 'waiver', by: 'governor' },
];

/** Which page of records. */
export const recordListQuery = z.strictObject({
  last: z.coerce.number().int().min(0).default(0),
  limit: pageFields.limit,
  /** true: those that have ended too */
  ended: z.enum(['true', 'false']).default('false'),
});

/** Which record is ended, and why. */
export const recordEndBody = z.strictObject({
  name: z.string().min(1).max(255),
  reason: z.string().trim().min(3, 'say why, in at least 3 characters').max(1000),
});

/** Who is trusted, and what is in force where: made, listed, ended; never changed and never deleted. */
export function addRecordRoutes(context: ApiContext, records: RecordActs): void {
  const { app } = context;
  for (const { path, kind, by } of resources) {
    addRecordList(context, path, kind, records);

    app.post(`/api/v1/${path}`, async (request) => {
      demandSignedIn(request);
      if (by === 'admin') demandAdmin(context, request);
      const document = records.read(kind, request.body);
      if (by === 'governor') demandGovernor(context, request, scopeOf(document));
      return answerOf(await records.add(kind, document, request.caller.principal ?? ''));
    });

    app.post(`/api/v1/${path}/end`, async (request) => {
      demandSignedIn(request);
      if (by === 'admin') demandAdmin(context, request);
      const { name, reason } = parseInput(recordEndBody, request.body);
      if (by === 'governor') await demandEnding(context, request, await records.get(kind, name));
      return answerOf(await records.end(kind, name, { by: request.caller.principal ?? '', reason }));
    });
  }
}

const grantBody = z.strictObject({
  /** the same grant, signed by each approver */
  envelopes: z.array(z.string().min(1).max(65_536)).min(1).max(100),
});

/** Grants: signatures put one in force, not a right of who brings it. An administrator ends it. */
export function addGrantRoutes(context: ApiContext, records: RecordActs): void {
  const { app } = context;
  addRecordList(context, 'grants', 'grant', records);

  app.post('/api/v1/grants', async (request) => {
    demandSignedIn(request);
    const { envelopes } = parseInput(grantBody, request.body);
    return answerOf(await records.addGrant(envelopes, request.caller.principal ?? ''));
  });

  app.post('/api/v1/grants/end', async (request) => {
    demandAdmin(context, request);
    const { name, reason } = parseInput(recordEndBody, request.body);
    return answerOf(await records.end('grant', name, { by: request.caller.principal ?? '', reason }));
  });
}

const collectionBody = z.strictObject({
  registry: z.string().refine(isRegistry, 'write host or host:port').optional(),
  repository: repositoryField,
  digest: z.string().refine(isDigest, 'not a digest'),
});

/** Collections of routines: taken in from a repository here or elsewhere, pinned by their digest. */
export function addCollectionRoutes(context: ApiContext, records: RecordActs): void {
  const { app } = context;
  addRecordList(context, 'collections', 'collection', records);

  app.post('/api/v1/collections', async (request) => {
    demandAdmin(context, request);
    const { registry, ...reference } = parseInput(collectionBody, request.body);
    const where = registry === undefined ? reference : { ...reference, registry };
    return answerOf(await records.useCollection(where, request.caller.principal ?? ''));
  });

  app.post('/api/v1/collections/end', async (request) => {
    demandAdmin(context, request);
    const { name, reason } = parseInput(recordEndBody, request.body);
    return answerOf(await records.end('collection', name, { by: request.caller.principal ?? '', reason }));
  });
}

function isRegistry(text: string): boolean {
  try {
    return parseReference(`${text}/x`).registry === text;
  } catch {
    return false;
  }
}

/** Lists the records of a kind, for everybody who signed in: the judgement says the same. */
function addRecordList(
  context: ApiContext,
  path: string,
  kind: RecordKind,
  records: Pick<RecordActs, 'list'>,
): void {
  context.app.get(`/api/v1/${path}`, async (request) => {
    demandSignedIn(request);
    const { last, limit, ended } = parseInput(recordListQuery, request.query);
    const found = await records.list(kind, { after: last, limit: limit + 1, ended: ended === 'true' });
    const shown = found.slice(0, limit);
    return {
      records: shown.map(answerOf),
      ...(found.length > limit ? { next: shown.at(-1)!.id } : {}),
    };
  });
}

/** @throws WharfingerError UNAUTHORIZED */
export function demandSignedIn({ caller }: FastifyRequest): void {
  if (caller.principal === null) throw new WharfingerError('UNAUTHORIZED');
}

/**
 * Demands the right to govern every repository that a scope names. What names none is about all of them.
 * @throws WharfingerError DENIED
 */
export function demandGovernor(context: ApiContext, request: FastifyRequest, scope: Scope): void {
  const patterns = scope.repositories ?? ['**'];
  if (context.rights().mayInAll(request.caller, 'govern', patterns)) return;
  throw new WharfingerError('DENIED', {
    what: `govern in ${patterns.slice(0, 10).join(', ')}`,
    remedy: 'name repositories that you govern, or ask an administrator',
  });
}

/** What an administrator put in force, an administrator ends: else whoever governs a team could shake off what the house asks. */
async function demandEnding(
  context: ApiContext,
  request: FastifyRequest,
  record: PolicyRecord | undefined,
): Promise<void> {
  if (record) demandGovernor(context, request, scopeOf(record.document));
  if (record?.madeBy === adminName && !context.rights().isAdmin(request.caller))
    throw new WharfingerError('DENIED', { what: `${record.name} was put in force by ${adminName}` });
}

function scopeOf(document: unknown): Scope {
  return (document as { readonly scope: Scope }).scope;
}

/** A record as the API shows it. */
export function answerOf({ madeAt, ended, document, ...record }: PolicyRecord): object {
  // The text of a collection is long, and stands in the judgement.
  const { text: _, ...brief } = document as { readonly text?: string };
  return {
    ...record,
    document: record.kind === 'collection' ? brief : document,
    madeAt: madeAt.toISOString(),
    ...(ended && { ended: { ...ended, at: ended.at.toISOString() } }),
  };
}
