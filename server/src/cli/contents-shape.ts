import { z } from 'zod';

/** How the files of an image differ from what its packages recorded, as the server tells it. */
export const contamination = z.looseObject({
  complete: z.boolean(),
  reason: z.string().optional(),
  counts: z.object({
    modified: z.number(),
    configuration: z.number(),
    accounts: z.number().default(0),
    missing: z.number(),
    missingDocumentation: z.number(),
    recordRewritten: z.number(),
    unowned: z.number(),
    addedExecutable: z.number(),
    changedExecutable: z.number(),
    setuid: z.number(),
    capability: z.number(),
    unchecked: z.number(),
  }),
  files: z.array(
    z.looseObject({
      kind: z.string(),
      path: z.string(),
      layer: z.number(),
      package: z.string().optional(),
      recorded: z.string().optional(),
      found: z.string().optional(),
      detail: z.string().optional(),
    }),
  ),
  unrecorded: z.array(z.string()),
});

/** Its programs and libraries. */
export const executables = z.looseObject({
  all: z.number(),
  foreign: z.number(),
  files: z.array(
    z.looseObject({
      path: z.string(),
      layer: z.number(),
      type: z.string(),
      machine: z.string(),
      buildId: z.string().optional(),
      interpreter: z.string().optional(),
      needed: z.array(z.string()).optional(),
      rpath: z.string().optional(),
      runpath: z.string().optional(),
      symbols: z.boolean().optional(),
      pie: z.boolean().optional(),
      relro: z.string(),
      nx: z.boolean(),
      stackProtector: z.boolean().optional(),
      fortified: z.boolean().optional(),
      language: z.string().optional(),
      packer: z.string().optional(),
      broken: z.boolean().optional(),
    }),
  ),
});

/** Secrets of an image, none of which the server tells. */
export const secrets = z.looseObject({
  complete: z.boolean(),
  reason: z.string().optional(),
  counts: z.object({
    possible: z.number(),
    low: z.number(),
    medium: z.number(),
    high: z.number(),
    critical: z.number(),
  }),
  found: z.array(
    z.looseObject({
      rule: z.string(),
      severity: z.string(),
      where: z.string(),
      path: z.string(),
      layer: z.number().optional(),
      deleted: z.boolean().optional(),
      line: z.number().optional(),
      excerpt: z.string(),
      fingerprint: z.string().optional(),
    }),
  ),
});

/** Who can log in by what lies in an image. */
export const accounts = z.looseObject({
  complete: z.boolean(),
  reason: z.string().optional(),
  counts: z.object({
    passwordless: z.number(),
    password: z.number(),
    administrator: z.number(),
    key: z.number(),
  }),
  found: z.array(
    z.looseObject({
      kind: z.string(),
      account: z.string(),
      path: z.string(),
      layer: z.number(),
      detail: z.string().optional(),
    }),
  ),
});

/** What an image holds besides code. */
export const baked = z.looseObject({
  complete: z.boolean(),
  counts: z.object({
    data: z.number(),
    configuration: z.number(),
    cache: z.number(),
    history: z.number(),
  }),
  places: z.array(
    z.looseObject({
      id: z.string(),
      kind: z.string(),
      what: z.string(),
      remedy: z.string(),
      path: z.string(),
      layer: z.number(),
      files: z.number(),
      bytes: z.number(),
    }),
  ),
});
