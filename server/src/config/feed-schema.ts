import { Cron } from 'croner';
import { z } from 'zod';
import { basicAuth, bearerAuth } from './outside-auth.ts';
import { duration } from './units.ts';
import { scopeFields } from './scope-schema.ts';
import { algorithmField, nameField, signerFields } from './signer-schema.ts';

/** A name as it stands in addresses and paths. */
const feedName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'write small letters, digits and hyphens, at most 64');

const keySchema = z.strictObject({
  name: nameField,
  ...signerFields,
  algorithm: algorithmField.optional(),
  pem: z.string().optional(),
  file: z.string().optional(),
});

/** Five or six fields as cron has them, in UTC. */
const schedule = z.string().refine((text) => {
  try {
    return new Cron(text, { timezone: 'UTC' }).nextRun() !== null;
  } catch {
    return false;
  }
}, 'write a schedule as cron has it, such as "0 3 * * *"');

const authorName = z.string().min(1).max(200);

/** By whom documents must be, as they say; and the repositories in which they count, as bindings have it. */
const vexTrust = z.strictObject({
  author: z.union([authorName, z.array(authorName).min(1).max(100)]),
  scope: scopeFields.default({}),
});

/** Where advisories are fetched from, and how often. */
const feedSchema = z
  .strictObject({
    name: feedName,
    /** a file or folder, an http(s) address, or oci://host/repository:tag (or @digest) */
    source: z.string().min(1),
    /** `osv` records; `vex` documents; `kev` the catalogue of exploited vulnerabilities; `epss` how likely they are to be */
    kind: z.enum(['osv', 'kev', 'epss', 'vex']).default('osv'),
    /** whose documents a feed of VEX is trusted with, and where they count */
    vex: vexTrust.optional(),
    /** how the registry says who it is: to a registry by user and password, to an address also by a token */
    auth: z.discriminatedUnion('type', [basicAuth, bearerAuth]).optional(),
    every: duration.optional(),
    schedule: schedule.optional(),
    /** OSV ecosystems to take, with or without release; absent: all */
    ecosystems: z.array(z.string().min(1)).min(1).optional(),
    /** whose signatures an OCI artifact must have; a file or address cannot have any */
    signedBy: z
      .strictObject({ keys: z.array(keySchema).min(1), needed: z.number().int().min(1).max(100).default(1) })
      .optional(),
  })
  .refine(
    ({ every, schedule: at }) => every === undefined || at === undefined,
    'give every or schedule, not both',
  )
  .refine(
    ({ source, signedBy }) => signedBy === undefined || source.startsWith('oci://'),
    'signedBy counts for sources that begin with oci://',
  )
  .refine(
    ({ source, auth }) => auth === undefined || /^(?:oci|https?):\/\//i.test(source),
    'auth counts for sources that begin with oci:// or http(s)://',
  )
  .refine(
    ({ source, auth }) => auth?.type !== 'bearer' || !source.startsWith('oci://'),
    'a registry is told a user and a password (auth: { type: basic, … }), for which it gives a token itself',
  )
  .refine(
    ({ kind, vex }) => (kind === 'vex') === (vex !== undefined),
    'a feed of VEX, and no other, says whose documents are trusted: vex: { author: … }',
  )
  .refine(
    ({ kind, ecosystems }) => kind === 'osv' || ecosystems === undefined,
    'ecosystems are those of osv records',
  );

export const advisoriesSchema = z.strictObject({ feeds: z.array(feedSchema).max(200).default([]) });

export type FeedConfig = z.infer<typeof feedSchema>;
