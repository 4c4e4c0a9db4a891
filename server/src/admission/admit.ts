import { isWharfingerError, WharfingerError } from '@wharfinger/lib/errors';
import { parseReference } from '@wharfinger/lib/oci/reference';
import type { Decide } from './decide.ts';
import { isAllowed, type Decision } from './decision.ts';
import { imagesOf, newImages, type ImagePlace } from './pod-images.ts';
import type { PodTemplate } from './pod-templates.ts';
import type { Answer, ReviewRequest } from './review.ts';

export interface AdmitParts {
  readonly decide: Decide;
  readonly podTemplates: readonly PodTemplate[];
  readonly exemptNamespaces: ReadonlySet<string>;
  /** milliseconds */
  readonly budget: number;
  /** milliseconds of a clock that only goes forward */
  readonly elapsed: () => number;
}

/** `mutate` writes digests into the object, `validate` has the last word. */
export type Phase = 'mutate' | 'validate';

/** Longer explanations are cut; kubectl prints them whole. */
const longestMessage = 8000;

/**
 * Decides on a review. Only what is new is looked at: an object that is deleted or scaled, or whose images stay what they were,
 * is let through without a look-up, also while nothing can be looked up.
 */
export async function admit(request: ReviewRequest, phase: Phase, parts: AdmitParts): Promise<Answer> {
  if (parts.exemptNamespaces.has(request.namespace) || !bringsImages(request)) return { allowed: true };
  let places: ImagePlace[];
  try {
    places = placesOf(request, parts.podTemplates);
  } catch (error) {
    return refuse([sentenceOf(error)], 400);
  }
  if (places.length === 0) return { allowed: true };
  const deadline = parts.elapsed() + parts.budget;
  const decided = await Promise.all(
    distinctImages(places).map((group) => judge(group, phase, deadline - parts.elapsed(), parts.decide)),
  );
  const refusals = decided.flatMap(({ refusal }) => refusal ?? []);
  if (refusals.length > 0) return refuse(refusals);
  const warnings = decided.flatMap(({ group, decision }) =>
    (decision?.warnings ?? []).map((line) => printable(`${group.image}: ${line}`)),
  );
  if (phase === 'validate') return { allowed: true, warnings };
  return { allowed: true, patch: decided.flatMap(({ group, decision }) => patchOf(group, decision)) };
}

/** Of all that can be done to a pod or its like, what may bring in an image. */
function bringsImages({ operation, subResource }: ReviewRequest): boolean {
  if (operation === 'DELETE' || operation === 'CONNECT') return false;
  // status, scale, binding, eviction and resize cannot name images
  return subResource === '' || subResource === 'ephemeralcontainers';
}

/** @throws WharfingerError REVIEW_INVALID */
function placesOf(request: ReviewRequest, templates: readonly PodTemplate[]): ImagePlace[] {
  const { group, kind } = request.kind;
  const template = templates.find((one) => one.group === group && one.kind === kind);
  if (template === undefined) {
    throw new WharfingerError('REVIEW_INVALID', {
      what: `where the kind ${kind} of the group ${JSON.stringify(group)} names images is not known`,
    });
  }
  const path = template.path.split('.');
  const after = imagesOf(request.object, path);
  if (request.operation !== 'UPDATE') return after;
  return newImages(imagesOf(request.oldObject, path), after);
}

interface ImageGroup {
  readonly image: string;
  readonly places: readonly ImagePlace[];
}

function distinctImages(places: readonly ImagePlace[]): ImageGroup[] {
  return [...Map.groupBy(places, ({ image }) => image)].map(([image, group]) => ({ image, places: group }));
}

interface Judged {
  readonly group: ImageGroup;
  readonly decision?: Decision;
  readonly refusal?: string;
}

async function judge(group: ImageGroup, phase: Phase, budget: number, decide: Decide): Promise<Judged> {
  const { image, places } = group;
  const where = `${places.map((place) => place.where).join(', ')} (${image.slice(0, 300)})`;
  try {
    if (phase === 'validate' && parseReference(image).digest === undefined) {
      const refusal =
        `${where}: it is named by a tag, which can move, and no digest was written in its place; ` +
        'to do: name it as repository:tag@sha256:…, or have the mutating webhook put in force.';
      return { group, refusal };
    }
    const decision = await decide(image, budget);
    if (isAllowed(decision)) return { group, decision };
    const word = decision.outcome === 'deny' ? 'denied' : 'held';
    return { group, refusal: [`${where}: ${word}.`, ...decision.reasons].join(' ') };
  } catch (error) {
    return { group, refusal: `${where}: ${sentenceOf(error)}` };
  }
}

function patchOf({ image, places }: ImageGroup, decision: Decision | undefined): object[] {
  const { tag, digest } = parseReference(image);
  if (decision === undefined || digest !== undefined) return [];
  const written = image.endsWith(`:${tag}`) ? image : `${image}:${tag}`;
  return places.map(({ pointer }) => ({
    op: 'replace',
    path: pointer,
    value: `${written}@${decision.digest}`,
  }));
}

function refuse(sentences: readonly string[], code = 403): Answer {
  const message = `wharfinger: ${sentences.map(printable).join('\n')}`;
  const cut = message.length > longestMessage ? `${message.slice(0, longestMessage)}…` : message;
  return { allowed: false, code, message: cut };
}

/** Terminals obey control characters, and lines tell containers apart: what others wrote is shown without them. */
function printable(text: string): string {
  return text.replaceAll(/\p{C}+/gu, ' ');
}

function sentenceOf(error: unknown): string {
  if (isWharfingerError(error)) return `${error.message}; to do: ${error.remedy}.`;
  return `it could not be decided (${error instanceof Error ? error.message : String(error)}); to do: try again, and see the log of the webhook.`;
}
