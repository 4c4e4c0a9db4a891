import { z } from 'zod';
import { subjectKinds, type Facts } from '@wharfinger/lib/routines/facts';
import { finding, verdictShape } from './api-shapes.ts';

/** What the server tells of an image. Facts that this version does not know are passed on as they came. */
const digested = z.looseObject({ digest: z.string(), size: z.number(), createdBy: z.string().optional() });

const config = z.looseObject({
  created: z.string().optional(),
  user: z.string(),
  entrypoint: z.array(z.string()),
  cmd: z.array(z.string()),
  env: z.array(z.string()),
  labels: z.record(z.string(), z.string()),
});

const image = z.looseObject({
  digest: z.string(),
  repository: z.string(),
  kind: z.enum(subjectKinds).optional(),
  mediaType: z.string(),
  size: z.number(),
  missing: z.array(z.string()),
  annotations: z.record(z.string(), z.string()),
  config: config.optional(),
  base: z.looseObject({ name: z.string().optional(), digest: z.string().optional() }),
  layers: z.array(digested),
  platform: z.string().optional(),
});

const inventory = z.looseObject({
  complete: z.boolean(),
  distribution: z
    .looseObject({ id: z.string(), version: z.string().optional(), ecosystem: z.string().optional() })
    .optional(),
  packages: z.array(
    z.looseObject({
      type: z.string(),
      name: z.string(),
      version: z.string(),
      purl: z.string(),
      layer: z.number(),
      licence: z.string().optional(),
    }),
  ),
  problems: z.array(
    z.looseObject({
      code: z.string(),
      message: z.string(),
      path: z.string().optional(),
      hides: z.boolean(),
    }),
  ),
});

const signatures = z.looseObject({
  valid: z.array(z.looseObject({ format: z.string(), key: z.string(), evidence: z.string() })),
  signers: z.array(z.string()),
  refused: z.array(z.looseObject({ format: z.string(), evidence: z.string(), reason: z.string() })),
  trustedKeys: z.array(z.string()),
});

const factsShape = z.looseObject({
  image,
  inventory: inventory.optional(),
  findings: z.array(finding).optional(),
  advisories: z.looseObject({ uncovered: z.array(z.string()) }).optional(),
  signatures: signatures.optional(),
  held: z.looseObject({ by: z.string(), at: z.string(), reason: z.string() }).optional(),
}) satisfies z.ZodType<Facts>;

export const imageAnswer = z.object({
  repository: z.string(),
  digest: z.string(),
  inventory: z.looseObject({}).nullable(),
  facts: factsShape,
  verdict: verdictShape,
});
