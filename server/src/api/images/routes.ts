import { isDigest, type Digest } from '@wharfinger/lib/oci/digest';
import { writeSbom } from '@wharfinger/lib/inspect/sbom/write-sbom';
import type { Receipt } from '@wharfinger/lib/assess/receipt';
import { purposes } from '@wharfinger/lib/routines/verdict';
import { explainVerdict } from '@wharfinger/lib/routines/explain';
import { parseTime } from '@wharfinger/lib/routines/time';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Gate } from '../../gate/gate.ts';
import { withoutScans } from '../../pipeline/gather-facts.ts';
import type { GivenUp, ImageKnowledge } from '../../pipeline/knowledge.ts';
import { sbomBody } from '../sbom/routes.ts';
import { withoutOwnWords } from '../withhold.ts';
import { demand, imageQuery, parseInput, resolveImage, type ApiContext } from '../context.ts';

/** A verdict now, or what it was at a time; with the receipt that says what it was made from. */
const verdictQuery = imageQuery.extend({
  purpose: z.enum(purposes).default('pull'),
  at: z
    .string()
    .refine((text) => parseTime(text) !== undefined, 'not a time such as 2026-03-01T12:00:00Z')
    .transform((text) => new Date(text))
    .optional(),
  receipt: z.literal('1', 'write 1, or leave it out').optional(),
});

const sbomQuery = sbomBody.extend({
  layer: z.coerce.number().int().min(0).optional(),
});

/**
 * What is known of an image: all of it, its verdict, its findings, its SBOM. Who may pull may ask all that, held or not: whoever is to
 * mend an image must see what is wrong with it. Words of the image itself, such as values of its environment, are for those whom the
 * gate lets read it.
 * @param sign signs a receipt as the registry
 * @param baseOf the known image that another is built upon, of those that may be seen
 */
export function addImageRoutes(
  context: ApiContext,
  knowledge: ImageKnowledge,
  gate: Pick<Gate, 'manifest'>,
  sign: (receipt: Receipt) => unknown,
  baseOf: (digest: Digest, visible: (repository: string) => boolean) => Promise<object | undefined>,
): void {
  const { app } = context;

  app.get('/api/v1/images', async (request) => {
    const { repository, digest } = await resolveImage(context, request, request.query);
    const { serve } = await gate.manifest({ caller: request.caller, repository, digest });
    const facts = await knowledge.factsOf(repository, digest);
    const rights = context.rights();
    return {
      repository,
      digest,
      mediaType: facts.image.mediaType,
      kind: facts.image.kind ?? null,
      inventory: (await knowledge.inventoryOf(digest)) ?? null,
      facts: serve ? facts : withoutOwnWords(facts),
      ...(!serve && { withheld: true }),
      verdict: await knowledge.verdictOf(repository, digest),
      givenUp: await knowledge.givenUpOn(repository, digest),
      base: (await baseOf(digest, (other) => rights.may(request.caller, 'pull', other))) ?? null,
    };
  });

  app.get('/api/v1/verdict', async (request) => {
    const { purpose, at, receipt, ...image } = parseInput(verdictQuery, request.query);
    const { repository, digest } = await placeAt(request, image, at);
    if (at === undefined && receipt === undefined) {
      const verdict = await knowledge.verdictOf(repository, digest, purpose);
      const children = await knowledge.childrenOf(repository, digest, purpose);
      const givenUp = await knowledge.givenUpOn(repository, digest);
      return {
        verdict,
        text: [explainVerdict(verdict), ...givenUp.map(explainGivenUp)].join('\n'),
        ...(children.length > 0 && { children }),
        ...(givenUp.length > 0 && { givenUp }),
      };
    }
    const made = await knowledge.receiptOf(repository, digest, purpose, at);
    return { verdict: made.verdict, text: explainVerdict(made.verdict), receipt: sign(made) };
  });

  /** What an image was outlives it: of a time that has passed it may be asked by its digest when it is gone. */
  async function placeAt(
    request: FastifyRequest,
    { repository, reference }: { repository: string; reference: string },
    at: Date | undefined,
  ): Promise<{ repository: string; digest: Digest }> {
    if (at === undefined || !isDigest(reference))
      return resolveImage(context, request, { repository, reference });
    demand(context, request, 'pull', repository);
    return { repository, digest: reference };
  }

  app.get('/api/v1/judged-from', async (request) => {
    const { repository, digest } = await resolveImage(context, request, request.query);
    return knowledge.judgedFrom(repository, digest);
  });

  app.get('/api/v1/findings', async (request) => {
    const { repository, digest } = await resolveImage(context, request, request.query);
    const { findings } = await knowledge.factsOf(repository, digest, withoutScans);
    if (!findings) throw notChecked(digest);
    return { digest, findings };
  });

  app.get('/api/v1/sbom', async (request, reply) => {
    const { format, version, layer, ...image } = parseInput(sbomQuery, request.query);
    const { repository, digest } = await resolveImage(context, request, image);
    const inventory = await knowledge.inventoryOf(digest);
    if (!inventory) throw notChecked(digest);
    const subject = { digest, name: repository, time: context.now(), ...(layer !== undefined && { layer }) };
    const bom = writeSbom(inventory, subject, { format, version });
    const type = format === 'spdx' ? 'application/spdx+json' : 'application/vnd.cyclonedx+json';
    // A Buffer keeps the Content-Type as it is.
    return reply.type(type).send(Buffer.from(JSON.stringify(bom)));
  });
}

/** Why an image waits for what does not come, for the person who wonders. */
function explainGivenUp({ id, kind, attempts }: GivenUp[number]): string {
  return `given up: ${kind} failed ${attempts} times and is not tried again before an administrator asks for it: wharf job retry ${id}\n`;
}

function notChecked(digest: Digest): WharfingerError {
  return new WharfingerError('UNAVAILABLE', {
    what: `${digest} was not taken apart yet`,
    remedy: 'ask again in a moment',
  });
}
