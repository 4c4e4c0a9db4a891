import { z } from 'zod';
import { subjectKinds, type Facts } from '@wharfinger/lib/routines/facts';
import { accounts, baked, contamination, executables, secrets } from './contents-shape.ts';
import { advisoryAge, finding, givenUp, verdictShape } from './api-shapes.ts';
import { scannerFacts } from './scan-shapes.ts';

/** What the server tells of an image. Facts that this version does not know are passed on as they came. */
const digested = z.looseObject({ digest: z.string(), size: z.number(), createdBy: z.string().optional() });

const config = z.looseObject({
  created: z.string().optional(),
  user: z.string(),
  entrypoint: z.array(z.string()),
  cmd: z.array(z.string()),
  env: z.array(z.string()),
  volumes: z.array(z.string()),
  exposedPorts: z.array(z.string()),
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
      spdx: z.string().optional(),
    }),
  ),
  /** servers before this version do not say it */
  licences: z
    .array(
      z.looseObject({
        spdx: z.string().optional(),
        from: z.string(),
        unknown: z.array(z.string()),
        choices: z.array(
          z.looseObject({
            licences: z.array(z.string()),
            without: z.array(z.string()),
            categories: z.array(z.string()),
            obligations: z.array(z.string()),
          }),
        ),
        system: z.boolean(),
        packages: z.array(z.string()),
      }),
    )
    .default([]),
  problems: z.array(
    z.looseObject({
      code: z.string(),
      message: z.string(),
      path: z.string().optional(),
      hides: z.boolean(),
    }),
  ),
  contamination: contamination.optional(),
  executables: executables.optional(),
  secrets: secrets.optional(),
  baked: baked.optional(),
  accounts: accounts.optional(),
});

const signer = {
  key: z.string(),
  keyId: z.string(),
  principal: z.string(),
  team: z.string().optional(),
  signedAt: z.string().optional(),
  identity: z.string().optional(),
  issuer: z.string().optional(),
  evidence: z.string(),
};

const signatures = z.looseObject({
  valid: z.array(z.looseObject({ ...signer, format: z.string() })),
  signers: z.array(z.string()),
  principals: z.array(z.string()),
  refused: z.array(z.looseObject({ format: z.string(), evidence: z.string(), reason: z.string() })),
  trustedKeys: z.array(z.string()),
});

const attestations = z.looseObject({
  valid: z.array(z.looseObject({ ...signer, predicateType: z.string() })),
  refused: z.array(z.looseObject({ evidence: z.string(), reason: z.string() })),
  provenance: z.array(
    z.looseObject({
      ...signer,
      builder: z.string(),
      buildType: z.string(),
      source: z.string().optional(),
      sourceDigest: z.string().optional(),
      materials: z.array(z.looseObject({ uri: z.string(), digest: z.string().optional() })),
    }),
  ),
  sboms: z.array(z.looseObject({ ...signer, format: z.string(), components: z.number() })),
  vex: z.array(
    z.looseObject({
      ...signer,
      vulnerability: z.string(),
      aliases: z.array(z.string()),
      status: z.string(),
      justification: z.string().optional(),
      products: z.array(z.string()),
    }),
  ),
  approvals: z.array(
    z.looseObject({
      ...signer,
      stage: z.string(),
      role: z.string(),
      ticket: z.string().optional(),
      notAfter: z.string(),
    }),
  ),
});

const custody = z.looseObject({
  layout: z.string(),
  complete: z.boolean(),
  stages: z.array(
    z.looseObject({
      name: z.string(),
      team: z.string(),
      key: z.string(),
      principal: z.string(),
      manifest: z.string(),
      repository: z.string(),
      link: z.string(),
      kind: z.string(),
      firstLayer: z.number(),
      layers: z.number(),
      approvedBy: z.array(z.string()),
      notAfter: z.string().optional(),
    }),
  ),
  layers: z.array(z.looseObject({ index: z.number(), digest: z.string(), team: z.string().optional() })),
  problems: z.array(
    z.looseObject({
      code: z.string(),
      message: z.string(),
      stage: z.string().optional(),
      team: z.string().optional(),
      layer: z.number().optional(),
    }),
  ),
});

const repository = z.looseObject({
  name: z.string(),
  namespace: z.string(),
  department: z.string().optional(),
  class: z.string(),
  stage: z.string(),
  externalFacing: z.boolean(),
  official: z.boolean(),
});

const factsShape = z.looseObject({
  image,
  inventory: inventory.optional(),
  findings: z.array(finding).optional(),
  advisories: z.looseObject({ uncovered: z.array(z.string()), ages: z.array(advisoryAge) }).optional(),
  signatures: signatures.optional(),
  attestations: attestations.optional(),
  custody: custody.optional(),
  scanners: scannerFacts.optional(),
  repository: repository.optional(),
  held: z.looseObject({ by: z.string(), at: z.string(), reason: z.string() }).optional(),
}) satisfies z.ZodType<Facts>;

export const imageAnswer = z.object({
  repository: z.string(),
  digest: z.string(),
  inventory: z
    .looseObject({
      removed: z
        .array(
          z.looseObject({
            type: z.string(),
            name: z.string(),
            version: z.string(),
            layer: z.number(),
            removedIn: z.number(),
            replacedBy: z.string().optional(),
          }),
        )
        .optional(),
    })
    .nullable(),
  facts: factsShape,
  verdict: verdictShape,
  givenUp: givenUp.default([]),
  /** it is held, and what it says itself is left out of the facts */
  withheld: z.boolean().default(false),
  /** servers before this version do not say it */
  base: z
    .looseObject({
      repository: z.string(),
      digest: z.string(),
      tags: z.array(z.string()),
      layers: z.number(),
    })
    .nullish(),
});
