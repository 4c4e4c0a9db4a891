import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Catalog } from '@wharfinger/lib/catalog/catalog';
import { WharfingerError } from '@wharfinger/lib/errors';
import { isDigest, type Digest } from '@wharfinger/lib/oci/digest';
import { isRepositoryName, isTag } from '@wharfinger/lib/oci/reference';
import type { Caller } from '@wharfinger/lib/registry/host';
import { z } from 'zod';
import type { Rights } from '../access/rights.ts';
import type { Right } from '../config/schema.ts';

/** What every resource of the API works with. */
export interface ApiContext {
  readonly app: FastifyInstance;
  readonly catalog: Catalog;
  /** rights as they are now: they change when the configuration is read again */
  readonly rights: () => Rights;
  readonly now: () => Date;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller;
  }
}

/** Names an image in query strings and bodies. */
export const imageQuery = z.strictObject({
  repository: z.string().refine(isRepositoryName, 'not a repository name'),
  reference: z.string().refine((text) => isTag(text) || isDigest(text), 'neither a tag nor a digest'),
});

export const repositoryField = imageQuery.shape.repository;

/** Pages of lists: `limit` at most 1,000. */
export const pageFields = {
  last: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
};

/**
 * Checks input against a schema.
 * @throws WharfingerError INPUT_INVALID naming every field that is wrong
 */
export function parseInput<T extends z.ZodType>(schema: T, input: unknown): z.infer<T> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  if (input === undefined || input === null)
    throw new WharfingerError('INPUT_INVALID', { what: 'send a JSON object, as application/json' });
  const what = result.error.issues
    .map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`)
    .join('; ');
  throw new WharfingerError('INPUT_INVALID', { what });
}

/**
 * Demands a right in a repository. Who may not pull there is told what those are told who ask for what is not there.
 * @throws WharfingerError UNAUTHORIZED where logging in may help; NAME_UNKNOWN; DENIED
 */
export function demand(context: ApiContext, request: FastifyRequest, right: Right, repository: string): void {
  const rights = context.rights();
  if (rights.may(request.caller, right, repository)) return;
  if (request.caller.principal === null) throw new WharfingerError('UNAUTHORIZED');
  if (!rights.may(request.caller, 'pull', repository)) throw nameUnknown(repository);
  throw new WharfingerError('DENIED', { what: `${right} in ${repository}` });
}

/** @throws WharfingerError UNAUTHORIZED, DENIED */
export function demandAdmin(context: ApiContext, request: FastifyRequest): void {
  if (context.rights().isAdmin(request.caller)) return;
  if (request.caller.principal === null) throw new WharfingerError('UNAUTHORIZED');
  throw new WharfingerError('DENIED', { what: 'this is for administrators' });
}

/**
 * The digest of an image that the caller may pull.
 * @throws WharfingerError INPUT_INVALID, UNAUTHORIZED, NAME_UNKNOWN, MANIFEST_UNKNOWN
 */
export async function resolveImage(
  context: ApiContext,
  request: FastifyRequest,
  input: unknown,
  right: Right = 'pull',
): Promise<{ repository: string; digest: Digest }> {
  const { repository, reference } = parseInput(imageQuery, input);
  demand(context, request, right, repository);
  const digest = isDigest(reference) ? reference : await context.catalog.resolveTag(repository, reference);
  if (digest === undefined || !(await context.catalog.getManifest(repository, digest))) {
    throw await unknown(context, repository, reference);
  }
  return { repository, digest };
}

/** The error for something that is not in a repository: MANIFEST_UNKNOWN, or NAME_UNKNOWN where all of it is. */
export async function unknown(
  { catalog }: ApiContext,
  repository: string,
  what: string,
): Promise<WharfingerError> {
  if (!(await catalog.repositoryExists(repository))) return nameUnknown(repository);
  return new WharfingerError('MANIFEST_UNKNOWN', { what: `${repository}, ${what}` });
}

function nameUnknown(repository: string): WharfingerError {
  return new WharfingerError('NAME_UNKNOWN', { what: repository });
}
