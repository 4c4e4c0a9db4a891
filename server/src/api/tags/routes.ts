import { isDigest, type Digest } from '@wharfinger/lib/oci/digest';
import { isTag } from '@wharfinger/lib/oci/reference';
import { z } from 'zod';
import { demand, pageFields, parseInput, repositoryField, unknown, type ApiContext } from '../context.ts';

const tagField = z.string().refine(isTag, 'not a tag');
const listQuery = z.strictObject({ repository: repositoryField, ...pageFields });
const historyQuery = z.strictObject({ repository: repositoryField, tag: tagField, limit: pageFields.limit });
const rollbackBody = z.strictObject({
  repository: repositoryField,
  tag: tagField,
  to: z.string().refine(isDigest, 'not a digest').optional(),
});

/** Tags, where they pointed, and their way back. */
export function addTagRoutes(
  context: ApiContext,
  isTagImmutable: (repository: string, tag: string) => boolean,
): void {
  const { app, catalog } = context;

  app.get('/api/v1/tags', async (request) => {
    const { repository, last, limit } = parseInput(listQuery, request.query);
    demand(context, request, 'pull', repository);
    const names = await catalog.listTags(repository, {
      ...(last === undefined ? {} : { last }),
      limit: limit + 1,
    });
    if (!names) throw await unknown(context, repository, 'tags');
    const tags = await Promise.all(
      names.slice(0, limit).map(async (tag) => {
        const [digest, moves] = await Promise.all([
          catalog.resolveTag(repository, tag),
          catalog.tagHistory(repository, tag, 1),
        ]);
        return { tag, digest, movedAt: moves[0]?.at, movedBy: moves[0]?.by };
      }),
    );
    return { repository, tags, ...(names.length > limit ? { next: names[limit - 1] } : {}) };
  });

  app.get('/api/v1/tags/history', async (request) => {
    const { repository, tag, limit } = parseInput(historyQuery, request.query);
    demand(context, request, 'pull', repository);
    const moves = await catalog.tagHistory(repository, tag, limit);
    if (moves.length === 0) throw await unknown(context, repository, tag);
    return { repository, tag, moves: moves.map(({ from, to, by, at }) => ({ from, to, by, at })) };
  });

  app.post('/api/v1/tags/rollback', async (request) => {
    const { repository, tag, to } = parseInput(rollbackBody, request.body);
    demand(context, request, 'push', repository);
    const from = (await catalog.resolveTag(repository, tag)) ?? null;
    const target = to ?? (await previousDigest(context, repository, tag, from));
    await catalog.moveTag({
      repository,
      tag,
      to: target,
      immutable: (name) => isTagImmutable(repository, name),
      by: request.caller.principal,
      at: context.now(),
    });
    return { tag, from, to: target };
  });
}

/** Where the tag pointed before: the last move that came from somewhere else. */
async function previousDigest(
  context: ApiContext,
  repository: string,
  tag: string,
  now: Digest | null,
): Promise<Digest> {
  const moves = await context.catalog.tagHistory(repository, tag, 1000);
  const before = moves.map((move) => move.from).find((digest) => digest !== null && digest !== now);
  if (!before) throw await unknown(context, repository, `before ${tag}`);
  return before;
}
