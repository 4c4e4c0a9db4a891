import { signatureFormats, signerPurposes } from '@wharfinger/lib/signing/evidence';
import { parseTime } from '@wharfinger/lib/routines/time';
import { z } from 'zod';

/** A time as RFC 3339 has it, with its zone. */
export const timeField = z
  .string()
  .max(40)
  .refine((text) => parseTime(text) !== undefined, 'write a time as 2026-11-01T00:00:00Z');

/** How people, signers and records are called. */
export const nameField = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'use lower-case letters, digits, ., _ and -, at most 63 characters');

/** What is said of every signer, whatever vouches for it. */
export const signerFields = {
  /** whose it is; who counts k of n counts these too */
  principal: z.string().min(1).max(200).optional(),
  team: z.string().min(1).max(200).optional(),
  purposes: z.array(z.enum(signerPurposes)).min(1).optional(),
  validFrom: timeField.optional(),
  validTo: timeField.optional(),
};

export const algorithmField = z.enum(['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'ed25519', 'rsa']);

const matchShape = z
  .union([
    z.strictObject({ exact: z.string().min(1).max(1000) }),
    z.strictObject({ pattern: z.string().min(1).max(1000) }),
  ])
  .describe('exact: the text itself; pattern: a regular expression that must match all of it');

/** Whom a certificate authority of Sigstore's kind vouches for. */
export const keylessFields = z.strictObject({
  issuer: matchShape,
  subject: matchShape,
  /** name of a trusted root */
  root: nameField,
});

/** name of a trust store of the Notary Project: `ca:acme` */
export const trustStoreName = z
  .string()
  .regex(
    /^(?:ca|signingAuthority|tsa):[a-zA-Z0-9_.-]{1,100}$/,
    'write ca:NAME, signingAuthority:NAME or tsa:NAME',
  );

/** Whom a certificate of the Notary Project's kind names. */
export const notationFields = z.strictObject({
  trustStores: z.array(trustStoreName).min(1).max(20),
  trustedIdentities: z.array(z.string().min(1).max(1000)).min(1).max(100),
  level: z.enum(['strict', 'permissive', 'audit']).optional(),
  override: z
    .strictObject({
      authenticTimestamp: z.enum(['enforce', 'log']).optional(),
      expiry: z.enum(['enforce', 'log']).optional(),
      revocation: z.enum(['enforce', 'log', 'skip']).optional(),
    })
    .optional(),
  verifyTimestamp: z.enum(['always', 'afterCertExpiry']).optional(),
});

export const formatsField = z.array(z.enum(signatureFormats)).min(1);
