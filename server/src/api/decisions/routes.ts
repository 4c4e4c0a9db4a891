import { isWharfingerError, WharfingerError } from '@wharfinger/lib/errors';
import { parseReference } from '@wharfinger/lib/oci/reference';
import type { Receipt } from '@wharfinger/lib/assess/receipt';
import { explainVerdict } from '@wharfinger/lib/routines/explain';
import { purposes } from '@wharfinger/lib/routines/verdict';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ImageKnowledge } from '../../pipeline/knowledge.ts';
import { imageQuery, parseInput, resolveImage, type ApiContext } from '../context.ts';

/** Images of one request at most. */
const mostAtOnce = 50;

const purpose = z.enum(purposes).default('deploy');

/** As people write images: with the host that this registry was asked at, or is known by. */
const namedImage = z.strictObject({ image: z.string().max(512), purpose });
const placedImage = imageQuery.extend({ purpose });
const question = z.union([namedImage, placedImage]);
const batch = z.strictObject({ images: z.array(question).min(1).max(mostAtOnce) });
const body = z.union([batch, question]);

type Question = z.infer<typeof question>;

export interface DecisionParts {
  /** signs a receipt as the registry */
  readonly sign: (receipt: Receipt) => unknown;
  /** host[:port] that clients reach this registry by; undefined: whatever they ask it at */
  readonly publicHost: () => string | undefined;
}

/**
 * Decisions for whoever is to use an image: the verdict for a purpose, and the signed receipt of it. Who may pull from a
 * repository may ask about its images. In a batch each image is answered for itself.
 */
export function addDecisionRoutes(
  context: ApiContext,
  knowledge: ImageKnowledge,
  { sign, publicHost }: DecisionParts,
): void {
  async function decide(request: FastifyRequest, asked: Question) {
    const { repository, digest } = await resolveImage(
      context,
      request,
      placeOf(asked, [request.headers.host, publicHost()]),
    );
    const made = await knowledge.receiptOf(repository, digest, asked.purpose);
    const children = await knowledge.childrenOf(repository, digest, asked.purpose);
    return {
      repository,
      digest,
      verdict: made.verdict,
      text: explainVerdict(made.verdict),
      ...(children.length > 0 ? { children } : {}),
      receipt: sign(made),
    };
  }

  context.app.post('/api/v1/decisions', async (request) => {
    const input = parseInput(body, request.body);
    if (!('images' in input)) return decide(request, input);
    const decisions: unknown[] = [];
    // one after the other: a batch takes no more than its turn
    for (const asked of input.images) decisions.push(await answerOrError(() => decide(request, asked)));
    return { decisions };
  });
}

/** One image that cannot be decided is no reason to leave out the others; it is never an answer that allows. */
async function answerOrError<T>(answer: () => Promise<T>): Promise<T | { error: object }> {
  try {
    return await answer();
  } catch (error) {
    if (!isWharfingerError(error) || error.status >= 500) throw error;
    const { code, message, remedy } = error;
    return { error: { code, message, remedy } };
  }
}

/** @throws WharfingerError REFERENCE_INVALID; INPUT_INVALID where another registry's image is meant, whatever lies here under its name */
function placeOf(
  asked: Question,
  ownHosts: ReadonlyArray<string | undefined>,
): { repository: string; reference: string } {
  if (!('image' in asked)) return { repository: asked.repository, reference: asked.reference };
  const { registry, repository, tag, digest } = parseReference(asked.image);
  if (!ownHosts.includes(registry))
    throw new WharfingerError('INPUT_INVALID', {
      what: `${asked.image} is an image of ${registry}, which this registry does not answer for`,
      remedy: 'name it with the host that this registry is asked at, or as repository and reference',
    });
  return { repository, reference: digest ?? tag ?? 'latest' };
}
