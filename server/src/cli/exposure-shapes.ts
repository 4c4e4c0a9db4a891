import { z } from 'zod';

const hitPackage = z.looseObject({
  name: z.string(),
  version: z.string(),
  ecosystem: z.string(),
  purl: z.string(),
  licence: z.string().optional(),
  undecided: z.literal(true).optional(),
});

const hit = z.looseObject({
  repository: z.string(),
  digest: z.string(),
  tags: z.array(z.string()),
  packages: z.array(hitPackage).optional(),
  morePackages: z.number().optional(),
  files: z.array(z.looseObject({ layer: z.string(), path: z.string() })).optional(),
  moreFiles: z.number().optional(),
  unconfirmed: z.literal(true).optional(),
});

const exposed = hit.extend({
  tagged: z.array(z.looseObject({ tag: z.string(), since: z.string(), until: z.string().optional() })),
  verdict: z
    .looseObject({
      outcome: z.enum(['allow', 'warn', 'hold', 'deny']),
      decided: z.boolean(),
      stale: z.literal(true).optional(),
    })
    .nullable(),
  lastPulled: z.string().nullable(),
  pulls: z
    .array(
      z.looseObject({
        at: z.string(),
        actor: z.string().nullable(),
        address: z.string().nullable(),
        client: z.string().nullable(),
        tag: z.string().nullable(),
      }),
    )
    .optional(),
});

const page = { next: z.string().optional(), incomplete: z.number(), pending: z.number() };

/** What `GET /api/v1/search` answers. */
export const searchAnswer = z.object({ images: z.array(hit), ...page });

/** What `GET /api/v1/exposure` answers. */
export const exposureAnswer = z.object({ images: z.array(exposed), ...page });

export type FoundImage = z.infer<typeof hit>;
export type ExposedImage = z.infer<typeof exposed>;
