import { diffImages } from '@wharfinger/lib/assess/diff-images';
import { fileStates } from '@wharfinger/lib/inspect/contamination/find-contamination';
import { mostEntries } from '@wharfinger/lib/inspect/look/file-entry';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { demandServed } from '@wharfinger/lib/registry/access';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Gate } from '../../gate/gate.ts';
import type { ImageFileStore } from '../../pipeline/image-files.ts';
import { withoutScans } from '../../pipeline/gather-facts.ts';
import type { ImageKnowledge } from '../../pipeline/knowledge.ts';
import { withoutWordsOf } from '../withhold.ts';
import { imageQuery, parseInput, resolveImage, type ApiContext } from '../context.ts';

const path = z.string().max(16 * 1024);

const filesQuery = imageQuery.extend({
  path: path.default(''),
  layer: z.coerce.number().int().min(0).optional(),
  package: z.string().max(1024).optional(),
  state: z.enum(fileStates).optional(),
  last: path.optional(),
  limit: z.coerce.number().int().min(1).max(mostEntries).default(100),
});

const contentQuery = imageQuery.extend({
  path: path.min(1),
  layer: filesQuery.shape.layer,
});

const diffQuery = imageQuery.extend({
  otherRepository: imageQuery.shape.repository.optional(),
  otherReference: imageQuery.shape.reference,
  files: z.coerce.number().int().min(0).max(mostEntries).default(100),
});

/**
 * The files of an image, and how two images differ: for who may pull them, held or not. What a file contains is for those whom the gate
 * lets read the image.
 */
export function addFileRoutes(
  context: ApiContext,
  knowledge: Pick<ImageKnowledge, 'factsOf'>,
  gate: Pick<Gate, 'manifest'>,
  files: ImageFileStore,
): void {
  const { app } = context;

  const gateOf = (request: FastifyRequest, place: { repository: string; digest: Digest }) =>
    gate.manifest({ caller: request.caller, ...place });

  app.get('/api/v1/files', async (request) => {
    const {
      repository,
      reference,
      layer,
      package: owner,
      state,
      last,
      ...query
    } = parseInput(filesQuery, request.query);
    const place = await resolveImage(context, request, { repository, reference });
    const page = await files.list(place, {
      ...query,
      ...(layer !== undefined && { layer }),
      ...(owner !== undefined && { package: owner }),
      ...(state !== undefined && { state }),
      ...(last !== undefined && { after: last }),
    });
    return { ...place, ...page };
  });

  app.get('/api/v1/files/content', async (request, reply) => {
    const { repository, reference, path: asked, layer } = parseInput(contentQuery, request.query);
    const place = await resolveImage(context, request, { repository, reference });
    demandServed(await gateOf(request, place));
    const query = { path: asked, ...(layer !== undefined && { layer }) };
    const { file, content } = await files.content(place, query);
    const { size, sha256, complete } = file;
    void reply.headers({
      'content-type': 'application/octet-stream',
      'content-length': size,
      // Whatever it is, no browser shows it as a page of the registry.
      'content-disposition': 'attachment',
      'wharfinger-layer': file.layer,
      'wharfinger-complete': String(complete),
      ...(sha256 !== undefined && { 'wharfinger-sha256': sha256 }),
    });
    return reply.send(content);
  });

  app.get('/api/v1/diff', async (request) => {
    const query = parseInput(diffQuery, request.query);
    const { repository, reference, otherReference, otherRepository = repository } = query;
    const before = await resolveImage(context, request, { repository, reference });
    const other = { repository: otherRepository, reference: otherReference };
    const after = await resolveImage(context, request, other);
    const changes = await files.compare(before, after, query.files);
    const [first, second] = [
      await knowledge.factsOf(before.repository, before.digest, withoutScans),
      await knowledge.factsOf(after.repository, after.digest, withoutScans),
    ];
    const withheld = {
      before: !(await gateOf(request, before)).serve,
      after: !(await gateOf(request, after)).serve,
    };
    return withoutWordsOf(withheld, diffImages(first, second, changes));
  });
}
