import { readCustody } from '@wharfinger/lib/assess/read-layout';
import type { Judgement } from '@wharfinger/lib/assess/judgement-document';
import { WharfingerError } from '@wharfinger/lib/errors';
import { createPlainCheck, formatPath } from '@wharfinger/lib/routines/plain-check';
import { parseBinding, parseWaiver } from '@wharfinger/lib/routines/read-records';
import type { BindingRecord, Waiver } from '@wharfinger/lib/routines/records';
import { z } from 'zod';
import { mistakeInKey } from '../config/load-trust.ts';
import { patternField, scopeFields } from '../config/scope-schema.ts';
import {
  algorithmField,
  formatsField,
  keylessFields,
  nameField,
  notationFields,
  signerFields,
  trustStoreName,
} from '../config/signer-schema.ts';
import type { VexRecord } from './vex.ts';
import type { RecordKind } from '../stores/policy-record-rows.ts';

const shortText = z.string().trim().min(1).max(1000);
const pemText = z
  .string()
  .min(1)
  .max(1024 * 1024);

const publisher = z.strictObject({
  name: nameField,
  /** what verdicts and chains of custody call its people */
  team: z.string().min(1).max(200).optional(),
  /** whom to ask */
  contact: shortText.optional(),
});

const key = z
  .strictObject({
    name: nameField,
    /** whose it is */
    publisher: nameField,
    principal: signerFields.principal,
    purposes: signerFields.purposes,
    validFrom: signerFields.validFrom,
    validTo: signerFields.validTo,
    algorithm: algorithmField.optional(),
    pem: pemText.optional(),
    keyless: keylessFields.optional(),
    notation: notationFields.optional(),
    /** the key that took its place */
    rotatedTo: nameField.optional(),
  })
  .superRefine(({ name, pem, keyless, notation, algorithm, validFrom, validTo }, context) => {
    const fail = (message: string): void => context.addIssue({ code: 'custom', message });
    if ([pem, keyless, notation].filter((one) => one !== undefined).length !== 1)
      fail('give exactly one of pem, keyless and notation');
    const mistake = pem === undefined ? undefined : mistakeInKey({ name, pem, algorithm });
    if (mistake !== undefined) fail(mistake);
    if (validFrom !== undefined && validTo !== undefined && Date.parse(validFrom) >= Date.parse(validTo))
      fail('validTo must be after validFrom');
  });

const trust = z.strictObject({
  repositories: patternField,
  publishers: z.array(nameField).min(1).max(1000),
  formats: formatsField.optional(),
});

const root = z.strictObject({ name: nameField, text: pemText });
const trustStore = z.strictObject({ name: trustStoreName, pem: pemText });
const crl = z.strictObject({ name: nameField, pem: pemText });

const grantRule = z.strictObject({
  name: nameField,
  scope: scopeFields.default({}),
  /** names of keys */
  approvers: z.array(nameField).min(2).max(1000),
  needed: z.number().int().min(2, 'at least two break the glass').max(100),
  maxHours: z.number().int().min(1).max(168),
});

const grant = z.strictObject({
  name: z.string().min(1).max(100),
  envelopes: z
    .array(
      z
        .string()
        .min(1)
        .max(64 * 1024),
    )
    .min(1)
    .max(100),
  /** when it ends, as its text says */
  until: z.string(),
});

const collection = z.strictObject({
  name: z.string().min(1).max(100),
  version: z.string(),
  digest: z.string(),
  text: z.string().max(1024 * 1024),
  /** where it came from */
  from: z.string(),
  signers: z.array(z.string()),
});

/** What the records of each kind say. */
export interface Documents {
  readonly publisher: z.infer<typeof publisher>;
  readonly key: z.infer<typeof key>;
  readonly trust: z.infer<typeof trust>;
  readonly root: z.infer<typeof root>;
  readonly 'trust-store': z.infer<typeof trustStore>;
  readonly crl: z.infer<typeof crl>;
  readonly binding: BindingRecord;
  readonly waiver: Waiver;
  readonly 'grant-rule': z.infer<typeof grantRule>;
  readonly grant: z.infer<typeof grant>;
  readonly collection: z.infer<typeof collection>;
  readonly layout: Judgement['custody'][number];
  readonly vex: VexRecord;
}

/** How a document of a kind is read, and which of its fields is its name. */
const readers: {
  readonly [K in RecordKind]: {
    readonly read: (value: unknown) => Documents[K];
    readonly nameOf: (document: Documents[K]) => string;
  };
} = {
  publisher: named(publisher),
  key: named(key),
  trust: { read: strictly(trust), nameOf: ({ repositories }) => repositories },
  root: named(root),
  'trust-store': named(trustStore),
  crl: named(crl),
  binding: { read: parseBinding, nameOf: ({ id }) => id },
  waiver: { read: parseWaiver, nameOf: ({ id }) => id },
  'grant-rule': named(grantRule),
  grant: named(grant),
  collection: named(collection),
  layout: { read: parseLayout, nameOf: ({ pattern }) => pattern },
  vex: { read: refuseVex, nameOf: ({ name }) => name },
};

/**
 * Reads what a record is to say.
 * @throws WharfingerError INPUT_INVALID, BINDING_INVALID, WAIVER_INVALID naming every mistake
 */
export function readDocument<K extends RecordKind>(kind: K, value: unknown): Documents[K] {
  return readers[kind].read(value);
}

/** What a record is called: one of a kind and name is in force at a time. */
export function nameOfDocument<K extends RecordKind>(kind: K, document: Documents[K]): string {
  return readers[kind].nameOf(document);
}

function named<T extends { readonly name: string }>(schema: z.ZodType<T>) {
  return { read: strictly(schema), nameOf: ({ name }: T) => name };
}

function strictly<T>(schema: z.ZodType<T>): (value: unknown) => T {
  return (value) => {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    throw new WharfingerError('INPUT_INVALID', {
      what: result.error.issues
        .map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`)
        .join('; '),
    });
  };
}

/** What a document says is read from its bytes (`readVexFile`), never taken from who sends it. */
function refuseVex(): never {
  throw new WharfingerError('INPUT_INVALID', { what: 'VEX is brought in as a document' });
}

function parseLayout(value: unknown): Judgement['custody'][number] {
  const check = createPlainCheck();
  const read = readCustody(value, [], check);
  if (check.mistakes.length === 0) return read;
  throw new WharfingerError('INPUT_INVALID', {
    what: check.mistakes.map(({ path, what }) => `${formatPath(path) || 'it'} ${what}`).join('; '),
  });
}
