import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { fileStates } from '@wharfinger/lib/inspect/contamination/find-contamination';
import { fileAspects, type FileChanges } from '@wharfinger/lib/inspect/look/compare-files';
import { entryKinds, mostEntries, type FilePage } from '@wharfinger/lib/inspect/look/file-entry';
import type { FilePlace } from '@wharfinger/lib/inspect/look/find-file';
import { packageTypes } from '@wharfinger/lib/inspect/packages/package-types';
import { z } from 'zod';
import { count, text } from './inventory-schema.ts';

const decompress = promisify(zstdDecompress);

const fileEntry = z.strictObject({
  name: text,
  path: text,
  kind: z.enum(entryKinds),
  mode: z
    .string()
    .regex(/^[0-7]{4}$/)
    .optional(),
  size: count.optional(),
  target: text.optional(),
  layer: count.optional(),
  digest: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .optional(),
  entries: count.optional(),
  package: z.strictObject({ type: z.enum(packageTypes), name: text }).optional(),
  state: z.enum(fileStates).optional(),
  hidden: z.literal(true).optional(),
});

/** A page of files, as the process that looked gives it. */
const filePage = z.strictObject({
  path: text,
  entries: z.array(fileEntry).max(mostEntries),
  total: count,
  complete: z.boolean(),
  next: text.optional(),
}) satisfies z.ZodType<FilePage>;

const fileChanges = z.strictObject({
  counts: z.strictObject({ added: count, removed: count, changed: count }),
  files: z
    .array(
      z.strictObject({
        path: text,
        aspects: z.array(z.enum(fileAspects)).optional(),
        before: fileEntry.optional(),
        after: fileEntry.optional(),
      }),
    )
    .max(3 * mostEntries),
  complete: z.boolean(),
}) satisfies z.ZodType<FileChanges>;

const filePlace = z.strictObject({
  path: text,
  layer: count,
  before: count,
  size: count,
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  complete: z.boolean(),
}) satisfies z.ZodType<FilePlace>;

const answers = { list: filePage, find: filePlace, compare: fileChanges };

const refused = z.strictObject({
  refused: z.strictObject({ code: z.enum(['FILE_UNKNOWN', 'INPUT_INVALID']), what: text, remedy: text }),
});

/** What a process answers: what was asked for, or why it cannot be told. */
export type LookAnswer = { readonly answer: FilePage | FilePlace | FileChanges } | z.infer<typeof refused>;

/**
 * Reads what a process answered that saw hostile bytes.
 * @param longest bytes of JSON
 * @returns undefined: it is not what it must be
 */
export async function parseLook(
  packed: Uint8Array,
  kind: keyof typeof answers,
  longest: number,
): Promise<LookAnswer | undefined> {
  let value: unknown;
  try {
    value = JSON.parse((await decompress(packed, { maxOutputLength: longest })).toString('utf8'));
  } catch {
    return undefined;
  }
  const parsed = z.union([refused, z.strictObject({ answer: answers[kind] })]).safeParse(value);
  return parsed.success ? parsed.data : undefined;
}
