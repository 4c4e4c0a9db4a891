import { probeName } from '@wharfinger/lib/probes/declaration';
import { z } from 'zod';
import { basicAuth, bearerAuth, secretFields } from './outside-auth.ts';
import { patternField } from './scope-schema.ts';
import { bytes, duration } from './units.ts';

/** How the registry says who it is to a scanner. */
const authSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('none') }),
  basicAuth,
  bearerAuth,
  /** X-ScannerAdapter-API-Key */
  z.strictObject({ type: z.literal('api-key'), ...secretFields }),
]);

/** An address that paths are added to. */
const baseUrl = z.string().refine((text) => {
  const url = URL.parse(text);
  return (
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.username + url.password + url.search + url.hash === ''
  );
}, 'write an http or https address, without user, password, query and #');

/** A length of time, and the longest that somebody waits. */
const positive = duration.refine((ms) => ms > 0, 'it must be longer than nothing');
const waiting = positive.refine((ms) => ms <= 86_400_000, 'it may be 24h at most');

/** A scanner that is asked about images: a service with the open pluggable scanner API, version 1.2. */
export const scannerSchema = z.strictObject({
  /** as routines call it */
  name: z.string().max(100).regex(probeName, 'write lower-case words joined by -, such as trivy'),
  /** where its API begins: /api/v1 is added */
  url: baseUrl,
  repositories: z.array(patternField).min(1).max(1000).default(['**']),
  auth: authSchema.prefault({ type: 'none' }),
  /** a file with the PEM certificates that vouch for its address; absent: those of the machine */
  ca: z.string().min(1).optional(),
  /** where it is to fetch images from; absent: the public address of this registry */
  registry: baseUrl.optional(),
  /** in which form the one-time secret is given to it that it fetches the image with */
  pull: z.enum(['basic', 'bearer']).default('basic'),
  /** scans by it at the same time */
  concurrency: z.number().int().min(1).max(64).default(2),
  /** for one request */
  requestTime: waiting.prefault('30s'),
  /** for one scan, from the request to the report */
  time: waiting.prefault('15m'),
  reportLimit: bytes.prefault('32MiB'),
  /** a report that is so old is asked for anew */
  maxAge: positive.prefault('24h'),
  /** new data of the scanner are a reason to ask anew once a report is so old */
  newDataAfter: duration.prefault('1h'),
});

export type ScannerConfig = z.infer<typeof scannerSchema>;
