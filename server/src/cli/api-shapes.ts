import { z } from 'zod';
import type { FindingFact } from '@wharfinger/lib/routines/facts/findings';
import type { Verdict } from '@wharfinger/lib/routines/verdict';

/** What the API answers, as far as `wharf` relies on it. A verdict from afar is checked as anything from afar is. */
const effect = z.enum(['warn', 'hold', 'deny']);

const reason = z.object({
  routine: z.string(),
  effect,
  state: z.enum(['failed', 'undecided']),
  message: z.string(),
  details: z.array(z.string()),
  more: z.number(),
  remedy: z.string(),
  binding: z.string(),
  eased: z.object({ by: z.enum(['grace', 'grant']), effect, until: z.string() }).optional(),
});

const waiver = z.object({ id: z.string(), owner: z.string(), reason: z.string(), expires: z.string() });

export const verdictShape = z.object({
  digest: z.string(),
  repository: z.string(),
  purpose: z.enum(['pull', 'push', 'deploy', 'promote']),
  outcome: z.enum(['allow', 'warn', 'hold', 'deny']),
  decided: z.boolean(),
  reasons: z.array(reason),
  passed: z.array(z.string()),
  waived: z.array(reason.extend({ waiver, advisories: z.array(z.string()).optional() })).optional(),
  grants: z
    .array(
      z.object({
        id: z.string(),
        reason: z.string(),
        requestedBy: z.string(),
        approvedBy: z.array(z.string()),
        until: z.string(),
      }),
    )
    .optional(),
  validUntil: z.string().optional(),
  at: z.string(),
}) satisfies z.ZodType<Verdict>;

/** Work on an image that is not tried any more. */
export const givenUp = z.array(z.object({ id: z.number(), kind: z.string(), attempts: z.number() }));

export const verdictAnswer = z.object({
  verdict: verdictShape,
  children: z
    .array(
      z.object({
        platform: z.string().nullish(),
        nested: z.literal(true).optional(),
        digest: z.string(),
        verdict: verdictShape,
      }),
    )
    .optional(),
  /** a DSSE envelope */
  receipt: z.looseObject({ payload: z.string() }).optional(),
  givenUp: givenUp.optional(),
});

/** How old what is known about an ecosystem is. */
export const advisoryAge = z.object({ of: z.string(), fetched: z.string(), newest: z.string().optional() });

export const feedsAnswer = z.object({
  feeds: z.array(
    z.object({
      name: z.string(),
      configured: z.boolean().default(true),
      kind: z.string().optional(),
      source: z.string().optional(),
      next: z.string().optional(),
      tried: z.string().optional(),
      succeeded: z.string().optional(),
      error: z.string().optional(),
      warning: z.string().optional(),
      failures: z.number(),
      counts: z
        .object({
          read: z.number(),
          new: z.number(),
          changed: z.number(),
          unchanged: z.number(),
          removed: z.number(),
          refused: z.number(),
        })
        .optional(),
      ages: z.array(advisoryAge),
    }),
  ),
});

export const updateAnswer = z.object({ requested: z.array(z.string()) });

/** What an image is judged from. The advisories are written into archives as they are; who reads those checks them. */
export const judgedFromAnswer = z.object({
  generation: z.string(),
  covered: z.array(z.string()),
  ages: z.array(advisoryAge),
  threats: z.array(z.tuple([z.string(), z.looseObject({})])),
  records: z.array(z.object({ advisory: z.looseObject({ id: z.string() }), firstImported: z.string() })),
  ancestors: z.array(z.object({ repository: z.string(), digest: z.string(), what: z.string() })),
});

export const finding = z.object({
  advisory: z.string(),
  aliases: z.array(z.string()),
  package: z.string(),
  version: z.string(),
  ecosystem: z.string(),
  purl: z.string(),
  severity: z.string(),
  score: z.number().optional(),
  fixedIn: z.string().optional(),
  summary: z.string(),
  undecided: z.string().optional(),
  malicious: z.boolean(),
  since: z.string(),
  layer: z.number(),
  team: z.string().optional(),
  exploited: z.object({ added: z.string(), due: z.string().optional() }).optional(),
  epss: z.object({ score: z.number(), percentile: z.number() }).optional(),
  vex: z
    .object({
      status: z.string(),
      justification: z.string().optional(),
      by: z.string(),
      author: z.string().optional(),
      against: z.array(z.string()).optional(),
    })
    .optional(),
  waiver: waiver.optional(),
}) satisfies z.ZodType<FindingFact>;

export const repositoriesAnswer = z.object({
  repositories: z.array(
    z.object({ name: z.string(), class: z.string(), gate: z.string(), official: z.boolean() }),
  ),
  next: z.string().optional(),
});

const who = z.string().nullable();

export const tagsAnswer = z.object({
  repository: z.string(),
  tags: z.array(
    z.object({
      tag: z.string(),
      digest: z.string(),
      movedAt: z.string().optional(),
      movedBy: who.optional(),
    }),
  ),
  next: z.string().optional(),
});

export const tagHistoryAnswer = z.object({
  repository: z.string(),
  tag: z.string(),
  moves: z.array(
    z.object({ from: z.string().nullable(), to: z.string().nullable(), by: who, at: z.string() }),
  ),
});

export const rollbackAnswer = z.object({ tag: z.string(), from: z.string().nullable(), to: z.string() });

export const holdAnswer = z.object({ digest: z.string() });

export const importAnswer = z.object({
  read: z.number(),
  new: z.number(),
  changed: z.number(),
  unchanged: z.number(),
  refused: z.array(z.object({ origin: z.string(), message: z.string() })),
  refusedCount: z.number(),
  generation: z.string(),
  imagesTouched: z.number(),
});

export const advisoriesAnswer = z.object({
  generation: z.string(),
  count: z.number(),
  importedAt: z.string().nullish(),
});

export const auditAnswer = z.object({
  entries: z.array(
    z.looseObject({
      id: z.union([z.string(), z.number()]),
      at: z.string(),
      actor: who,
      action: z.string(),
      repository: z.string().nullish(),
      digest: z.string().nullish(),
      tag: z.string().nullish(),
      outcome: z.string().nullish(),
      address: z.string().nullish(),
      client: z.string().nullish(),
    }),
  ),
  next: z.union([z.string(), z.number()]).optional(),
});
