import { z } from 'zod';

/** Files as the server tells of them. */
const fileEntryShape = z.looseObject({
  name: z.string(),
  path: z.string(),
  kind: z.string(),
  mode: z.string().optional(),
  size: z.number().optional(),
  target: z.string().optional(),
  layer: z.number().optional(),
  digest: z.string().optional(),
  entries: z.number().optional(),
  package: z.looseObject({ type: z.string(), name: z.string() }).optional(),
  state: z.string().optional(),
  hidden: z.literal(true).optional(),
});

export type ShownFile = z.infer<typeof fileEntryShape>;

export const filePageShape = z.looseObject({
  path: z.string(),
  entries: z.array(fileEntryShape),
  total: z.number(),
  complete: z.boolean(),
  next: z.string().optional(),
});

export type ShownPage = z.infer<typeof filePageShape>;

const packageRef = z.looseObject({ type: z.string(), name: z.string(), version: z.string() });
const findingRef = z.looseObject({
  advisory: z.string(),
  package: z.string(),
  version: z.string(),
  severity: z.string(),
  fixedIn: z.string().optional(),
});
const summary = z.looseObject({
  digest: z.string(),
  size: z.number(),
  layers: z.number(),
  platform: z.string().optional(),
  distribution: z.string().optional(),
  base: z.string().optional(),
  packages: z.number(),
});

/** How two images differ, as the server tells it. */
export const diffShape = z.looseObject({
  same: z.boolean(),
  complete: z.boolean(),
  before: summary,
  after: summary,
  sharedLayers: z.number(),
  packages: z.object({
    added: z.array(packageRef),
    removed: z.array(packageRef),
    changed: z.array(
      z.looseObject({
        type: z.string(),
        name: z.string(),
        before: z.string(),
        after: z.string(),
        direction: z.string(),
      }),
    ),
  }),
  configuration: z.array(
    z.looseObject({ field: z.string(), before: z.string().optional(), after: z.string().optional() }),
  ),
  findings: z.object({ new: z.array(findingRef), gone: z.array(findingRef) }).optional(),
  licences: z.object({ added: z.array(z.string()), removed: z.array(z.string()) }),
  files: z
    .looseObject({
      counts: z.object({ added: z.number(), removed: z.number(), changed: z.number() }),
      files: z.array(
        z.looseObject({
          path: z.string(),
          aspects: z.array(z.string()).optional(),
          before: fileEntryShape.optional(),
          after: fileEntryShape.optional(),
        }),
      ),
      complete: z.boolean(),
    })
    .optional(),
});

export type ShownDiff = z.infer<typeof diffShape>;
