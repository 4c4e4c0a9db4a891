import { WharfingerError } from '@wharfinger/lib/errors';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { subjectOfTag } from '@wharfinger/lib/oci/evidence-tags';
import { isTag } from '@wharfinger/lib/oci/reference';
import { z } from 'zod';
import type { Promotion } from '../../stores/promotions.ts';
import {
  demand,
  imageQuery,
  pageFields,
  parseInput,
  repositoryField,
  resolveImage,
  unknown,
  type ApiContext,
} from '../context.ts';

/** Under some names evidence about other images is kept: who promotes may not put something else there. */
const newTag = z
  .string()
  .refine(isTag, 'not a tag')
  .refine((tag) => subjectOfTag(tag) === undefined, 'evidence about an image is kept under that name');

const requestBody = z.strictObject({
  ...imageQuery.shape,
  to: repositoryField,
  tags: z.array(newTag).max(20).optional(),
});
const listQuery = z.strictObject({
  repository: repositoryField,
  before: z.coerce.number().int().positive().optional(),
  limit: pageFields.limit,
});
const oneBody = z.strictObject({ id: z.number().int().positive() });

/** What somebody asks for. */
export interface PromotionWish {
  readonly from: string;
  readonly to: string;
  readonly digest: Digest;
  readonly tags: readonly string[];
  /** principal */
  readonly by: string;
}

/** What becomes of promotions. */
export interface PromotionActs {
  readonly request: (wish: PromotionWish) => Promise<Promotion>;
  readonly get: (id: number) => Promise<Promotion | undefined>;
  readonly list: (
    repository: string,
    page: { readonly before?: number; readonly limit: number },
  ) => Promise<Promotion[]>;
  /** @throws WharfingerError NOT_FOUND where it does not wait */
  readonly cancel: (id: number, by: string) => Promise<void>;
}

/** Bringing images from one repository into another, by the rules of that one. */
export function addPromotionRoutes(context: ApiContext, promotions: PromotionActs): void {
  const { app } = context;

  app.post('/api/v1/promotions', async (request) => {
    const { to, tags, ...image } = parseInput(requestBody, request.body);
    const { repository: from, digest } = await resolveImage(context, request, image);
    demand(context, request, 'promote', to);
    if (from === to) throw new WharfingerError('INPUT_INVALID', { what: 'it is in that repository already' });
    const wanted = tags ?? (isTag(image.reference) ? [parseInput(newTag, image.reference)] : []);
    const by = request.caller.principal ?? '';
    return answerOf(await promotions.request({ from, to, digest, tags: wanted, by }));
  });

  app.get('/api/v1/promotions', async (request) => {
    const { repository, before, limit } = parseInput(listQuery, request.query);
    demand(context, request, 'pull', repository);
    const found = await promotions.list(repository, { limit: limit + 1, ...(before && { before }) });
    // what waits to be the first image of a repository is listed before that one is there
    if (found.length === 0 && !(await context.catalog.repositoryExists(repository)))
      throw await unknown(context, repository, 'promotions');
    const shown = found.slice(0, limit);
    return {
      repository,
      // where it comes from, and that it is there, is for those who may read there
      promotions: shown
        .filter(({ from }) => context.rights().may(request.caller, 'pull', from))
        .map(answerOf),
      ...(found.length > limit ? { next: shown.at(-1)!.id } : {}),
    };
  });

  app.post('/api/v1/promotions/cancel', async (request) => {
    const { id } = parseInput(oneBody, request.body);
    const promotion = await promotions.get(id);
    const isReader = promotion && context.rights().may(request.caller, 'pull', promotion.to);
    if (!promotion || !isReader) {
      if (request.caller.principal === null) throw new WharfingerError('UNAUTHORIZED');
      throw new WharfingerError('NOT_FOUND', { what: `promotion ${id}` });
    }
    demand(context, request, 'promote', promotion.to);
    await promotions.cancel(id, request.caller.principal ?? '');
    return answerOf((await promotions.get(id))!);
  });
}

function answerOf(promotion: Promotion): object {
  const { requestedAt, expires, ended, ...rest } = promotion;
  return {
    ...rest,
    requestedAt: requestedAt.toISOString(),
    expires: expires.toISOString(),
    ...(ended && { endedBy: ended.by, endedAt: ended.at.toISOString() }),
  };
}
