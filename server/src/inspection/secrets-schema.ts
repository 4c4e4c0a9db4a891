import { z } from 'zod';
import { listedSecrets, secretPlaces } from '@wharfinger/lib/inspect/secrets/image-secrets';
import { listedHits, longestExcerpt, secretSeverities } from '@wharfinger/lib/inspect/secrets/secret-facts';
import { count, text } from './schema-fields.ts';

/** A secret, told without saying it. */
const hit = {
  rule: z.string().regex(/^[a-z0-9-]{1,64}$/),
  severity: z.enum(secretSeverities),
  line: count.optional(),
  excerpt: z.string().max(longestExcerpt),
  fingerprint: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
};

/** What the reading process says of the secrets of a file. */
export const fileSecrets = z.strictObject({
  entry: count,
  kind: z.literal('secrets'),
  hits: z.array(z.strictObject(hit)).max(listedHits),
  more: count,
});

/** What the composing process says of those of an image. */
export const imageSecrets = z
  .strictObject({
    complete: z.boolean(),
    reason: text.optional(),
    counts: z.record(z.enum(secretSeverities), count),
    found: z
      .array(
        z.strictObject({
          ...hit,
          where: z.enum(secretPlaces),
          path: text,
          layer: count.optional(),
          deleted: z.literal(true).optional(),
        }),
      )
      .max(listedSecrets),
  })
  .refine(
    ({ counts, found }) => Object.values(counts).reduce((sum, one) => sum + one, 0) >= found.length,
    'the counts are wrong',
  );
