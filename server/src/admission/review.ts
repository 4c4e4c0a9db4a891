import { WharfingerError } from '@wharfinger/lib/errors';
import { parseStrictJson } from '@wharfinger/lib/oci/strict-json';
import { z } from 'zod';

const text = z.string().max(1024);

const groupVersionKind = z.object({ group: text, version: text, kind: text.min(1) });

/** The fields of an AdmissionReview (admission.k8s.io/v1) that count here; others are left alone. */
const reviewSchema = z.object({
  apiVersion: z.literal('admission.k8s.io/v1'),
  kind: z.literal('AdmissionReview'),
  request: z.object({
    uid: z.string().regex(/^[A-Za-z0-9-]{1,128}$/, 'is no UID'),
    kind: groupVersionKind,
    subResource: text.default(''),
    name: text.default(''),
    namespace: text.default(''),
    operation: z.enum(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']),
    userInfo: z.object({ username: text.default('') }).default({ username: '' }),
    object: z.unknown().optional(),
    oldObject: z.unknown().optional(),
  }),
});

export type ReviewRequest = z.infer<typeof reviewSchema>['request'];

/**
 * Reads what the API server asks. Strictly: of a document with a field twice nobody knows which one counts.
 * @throws WharfingerError REVIEW_INVALID
 */
export function parseReview(body: Uint8Array): ReviewRequest {
  const refuse = (what: string): never => {
    throw new WharfingerError('REVIEW_INVALID', { what });
  };
  const checked = reviewSchema.safeParse(parseStrictJson(body, refuse));
  if (checked.success) return checked.data.request;
  const issues = checked.error.issues.slice(0, 5);
  return refuse(issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`).join('; '));
}

/** What a review comes to. */
export interface Answer {
  readonly allowed: boolean;
  /** why not, for who wanted to deploy */
  readonly message?: string;
  /** HTTP status of the refusal */
  readonly code?: number;
  /** RFC 6902 */
  readonly patch?: readonly object[];
  /** shown by kubectl */
  readonly warnings?: readonly string[];
}

/** The API server cuts warnings off beyond these. */
const mostWarnings = 16;
const longestWarning = 240;

/** The AdmissionReview that answers. */
export function formatReview(uid: string, answer: Answer): object {
  const { allowed, message, code = 403, patch = [], warnings = [] } = answer;
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed,
      ...(allowed ? {} : { status: { status: 'Failure', reason: 'Forbidden', code, message } }),
      ...(patch.length === 0
        ? {}
        : { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }),
      ...(warnings.length === 0
        ? {}
        : { warnings: warnings.slice(0, mostWarnings).map((line) => line.slice(0, longestWarning)) }),
    },
  };
}
