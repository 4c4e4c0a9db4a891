import { isDigest } from '@wharfinger/lib/oci/digest';
import { isRepositoryName } from '@wharfinger/lib/oci/reference';
import { probeName } from '@wharfinger/lib/probes/declaration';
import { z } from 'zod';
import { advisoriesSchema } from './feed-schema.ts';
import { scannerSchema } from './scanner-schema.ts';
import {
  classField,
  namespaceName,
  patternField as pattern,
  scopeFields,
  stageField,
} from './scope-schema.ts';
import {
  algorithmField,
  formatsField,
  keylessFields,
  nameField as principalName,
  notationFields,
  signerFields,
  trustStoreName,
} from './signer-schema.ts';
import { bytes, duration } from './units.ts';

/**
 * What a user may do in a repository. `sign` and `inspect` read what is held; `release` ends a hold made by hand; `govern`
 * binds routines and waives them; `purge` deletes evidence; `promote` has images brought in that pass.
 */
export const rightSchema = z.enum([
  'pull',
  'push',
  'delete',
  'sign',
  'inspect',
  'release',
  'govern',
  'purge',
  'promote',
]);

const userSchema = z.strictObject({
  name: principalName,
  /** the password itself, or its argon2 hash ($argon2…) */
  password: z.string().min(8, 'a password has at least 8 characters'),
  rights: z
    .array(z.strictObject({ repositories: pattern, actions: z.array(rightSchema).min(1) }))
    .default([]),
});

const namespaceSchema = z.strictObject({
  name: namespaceName,
  department: z.string().min(1).optional(),
  class: classField.default('private'),
  stage: stageField.default('development'),
  externalFacing: z.boolean().default(false),
  official: z.boolean().default(false),
  gate: z.enum(['warn', 'hold']).default('warn'),
  immutableTags: z.array(z.string().min(1)).default([]),
});

/** A text of some kind that stands in the configuration or in a file beside it. */
const textFields = { pem: z.string().optional(), file: z.string().optional() };

const keySchema = z.strictObject({
  name: z.string().min(1).max(200),
  ...signerFields,
  algorithm: algorithmField.optional(),
  ...textFields,
});

const trustSchema = z
  .strictObject({
    repositories: pattern,
    keys: z.array(keySchema).min(1).optional(),
    /** keyless: whom a certificate authority of Sigstore's kind vouches for */
    identities: z
      .array(z.strictObject({ name: z.string().min(1).max(200), ...signerFields, ...keylessFields.shape }))
      .min(1)
      .optional(),
    /** Notary Project: whom certificates name */
    certificates: z
      .array(z.strictObject({ name: z.string().min(1).max(200), ...signerFields, ...notationFields.shape }))
      .min(1)
      .optional(),
    /** trustpolicy.json of the Notary Project, and which of its registry scopes is meant */
    trustPolicy: z.strictObject({ file: z.string(), scope: z.string().min(1) }).optional(),
    /** absent: cosign's two, and notation where certificates are named */
    formats: formatsField.optional(),
  })
  .refine(
    ({ keys, identities, certificates, trustPolicy }) => keys ?? identities ?? certificates ?? trustPolicy,
    'name at least one of keys, identities, certificates and trustPolicy',
  );

const grantRuleSchema = z.strictObject({
  scope: scopeFields.default({}),
  approvers: z.array(keySchema).min(1).max(1000),
  needed: z.number().int().min(2, 'at least two break the glass').max(100),
  maxHours: z.number().int().min(1).max(168),
});

const probeSchema = z.strictObject({
  repositories: pattern,
  /** as it declares itself, and as routines call it */
  name: z.string().max(100).regex(probeName, 'write lower-case words joined by -, such as secret-scan'),
  probe: z
    .string()
    .refine(
      (text) => isRepositoryName(text.split('@')[0]!) && isDigest(text.slice(text.indexOf('@') + 1)),
      'write repository@sha256:…: a probe is pinned by its digest, in a repository of this registry',
    ),
  /** name of a signer who must have signed the probe for its release */
  signedBy: z.string().min(1).max(200).optional(),
});

/** The whole configuration, with its defaults. Unknown keys are mistakes. */
export const configSchema = z.strictObject({
  listen: z
    .string()
    .regex(/^(?:\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/, 'write host:port')
    .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'a port is at most 65535')
    .default('127.0.0.1:5000'),
  data: z.string().min(1).default('data'),
  database: z
    .strictObject({
      /** a PostgreSQL database, for this one process; absent: SQLite in the data folder */
      url: z
        .string()
        .refine(
          (text) => /^postgres(?:ql)?:\/\/./.test(text) && URL.canParse(text),
          'write postgres://user@host/database',
        )
        .optional(),
      passwordFile: z.string().min(1).optional(),
    })
    .refine(
      ({ url, passwordFile }) => url !== undefined || passwordFile === undefined,
      'passwordFile is for url',
    )
    .prefault({}),
  /** how clients reach this server, where a proxy stands before it: https://registry.example.com */
  publicUrl: z.url({ protocol: /^https?$/ }).optional(),
  adminPassword: z.string().min(8, 'a password has at least 8 characters').optional(),
  log: z
    .strictObject({ level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info') })
    .prefault({}),
  registry: z
    .strictObject({
      /** what statements about images call this registry; shared by all its replicas */
      identity: z.string().min(1).default('wharfinger'),
      missingParts: z.enum(['refuse', 'hold']).default('refuse'),
      manifestLimit: bytes.prefault('8MiB'),
      /** signatures, attestations and the like of one image; verifiers look at twice as many */
      referrerLimit: z.number().int().min(16).max(1024).default(1024),
      /** how long a publisher may read back what is held */
      readBack: duration.prefault('60m'),
      /** uploads that nobody writes to are removed after this time */
      uploadExpiry: duration.prefault('24h'),
    })
    .prefault({}),
  inspection: z
    .strictObject({
      /** images taken apart at the same time */
      concurrency: z.number().int().min(1).max(64).default(1),
      memory: bytes.prefault('512MiB'),
      /** for one layer */
      time: duration.prefault('5m'),
    })
    .prefault({}),
  /** checks that are images themselves, run by a container engine */
  probes: z
    .strictObject({
      /** the API of Docker, which Podman speaks too; absent: no probe is run here */
      engine: z
        .string()
        .regex(/^unix:\/\/\/\S+$/, 'write unix:///path/of/the.sock')
        .optional(),
      /** probes that run at the same time */
      concurrency: z.number().int().min(1).max(64).default(1),
      /** most that one may declare to need */
      memory: bytes.prefault('512MiB'),
      time: duration.prefault('5m'),
      /** what is run on the images of which repositories */
      run: z.array(probeSchema).max(10_000).default([]),
    })
    .prefault({}),
  /** services outside that are asked about images */
  scanners: z
    .strictObject({
      /** scans at the same time, by whichever scanner */
      concurrency: z.number().int().min(1).max(64).default(16),
      run: z.array(scannerSchema).max(100).default([]),
    })
    .prefault({}),
  advisories: advisoriesSchema.prefault({}),
  users: z.array(userSchema).default([]),
  namespaces: z.array(namespaceSchema).default([]),
  trust: z.array(trustSchema).default([]),
  /** trusted roots of Sigstore's kind (trusted_root.json), by the name that identities give */
  sigstoreRoots: z.array(z.strictObject({ name: principalName, file: z.string() })).default([]),
  /** trust stores of the Notary Project: PEM certificates */
  trustStores: z.array(z.strictObject({ name: trustStoreName, ...textFields })).default([]),
  /** certificate revocation lists: PEM X509 CRL */
  certificateRevocations: z.array(z.strictObject(textFields)).default([]),
  /** chains of custody: a layout, by repository */
  custody: z.array(z.strictObject({ repositories: pattern, file: z.string() })).default([]),
  /** who may break the glass */
  grantRules: z.array(grantRuleSchema).default([]),
});

/** A checked configuration: sizes in bytes, times in milliseconds. */
export type Config = z.infer<typeof configSchema>;
export type UserConfig = Config['users'][number];
export type NamespaceConfig = Config['namespaces'][number];
export type Right = z.infer<typeof rightSchema>;
