import { z } from 'zod';

/** What the API says of scanners and of what they report, as far as `wharf` relies on it. */
const scannerName = z.object({ name: z.string(), vendor: z.string(), version: z.string() });

const counts = z.object({
  unscored: z.number(),
  none: z.number(),
  low: z.number(),
  medium: z.number(),
  high: z.number(),
  critical: z.number(),
});

const finding = z.looseObject({
  id: z.string(),
  package: z.string(),
  version: z.string(),
  fixedIn: z.string().optional(),
  severity: z.string(),
  score: z.number().optional(),
  cwes: z.array(z.string()),
});

/** What scanners say of an image, among its facts. */
export const scannerFacts = z.record(
  z.string(),
  z.looseObject({
    state: z.string(),
    problem: z.string().optional(),
    scanner: scannerName.optional(),
    asked: z.string().optional(),
    data: z.string().optional(),
    counts: counts.optional(),
    findings: z.array(finding).optional(),
  }),
);

export const scannersAnswer = z.object({
  scanners: z.array(
    z.object({
      name: z.string(),
      url: z.string(),
      repositories: z.array(z.string()),
      state: z.enum(['unknown', 'ready', 'failed']),
      checkedAt: z.string().optional(),
      problem: z.string().optional(),
      scanner: scannerName.optional(),
      data: z.string().optional(),
      produces: z.array(z.string()).optional(),
      waiting: z.number(),
    }),
  ),
});

export const scansAnswer = z.object({
  repository: z.string(),
  digest: z.string(),
  scans: z.array(
    z.object({
      scanner: z.string(),
      state: z.enum(['none', 'failed', 'reported']),
      due: z.string().optional(),
      failures: z.number(),
      problem: z.string().optional(),
      report: z
        .looseObject({
          asked: z.string(),
          data: z.string().optional(),
          generatedAt: z.string().optional(),
          scanner: scannerName,
          counts,
          findings: z.array(finding),
        })
        .optional(),
      attempts: z.array(
        z.looseObject({
          asked: z.string(),
          ended: z.string(),
          outcome: z.enum(['reported', 'failed']),
          problem: z.string().optional(),
        }),
      ),
    }),
  ),
});

export const scanAnswer = z.object({
  repository: z.string(),
  digest: z.string(),
  scanners: z.array(z.string()),
});
