import { parseStrictJson } from '@wharfinger/lib/oci/strict-json';
import { z } from 'zod';

/** Control characters, halves of characters, and what turns the direction of writing. */
const unfit = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** A text of a scanner that may be shown and stored: bounded, and nothing in it steers a terminal. */
export function plainText(longest: number) {
  return z
    .string()
    .max(longest)
    .refine((text) => !unfit.test(text), 'it has characters that cannot be shown');
}

/** Values and names that one document may have: a report of 20,000 findings has 50 for each. */
const mostValues = 1_000_000;

const [quote, backslash] = [0x22, 0x5c];
const beforeValues: ReadonlySet<number> = new Set([0x5b, 0x7b, 0x2c, 0x3a]);

/**
 * True where a document has more values than it may: to parse it would take so much memory that the whole process could end with
 * it. What is no JSON is counted as well.
 */
function hasTooMany(bytes: Uint8Array): boolean {
  let values = 0;
  let isText = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at]!;
    if (isText) {
      if (byte === backslash) at += 1;
      else if (byte === quote) isText = false;
    } else if (byte === quote) isText = true;
    else if (beforeValues.has(byte)) {
      values += 1;
      if (values > mostValues) return true;
    }
  }
  return false;
}

/** Mistakes that one message names. */
const mostNamed = 3;

/**
 * Reads a document of a scanner by its schema.
 * @param refuse called with what is wrong, which quotes nothing of the document: it may repeat what it was told in confidence. Must
 *   throw
 */
export function readDocument<T extends z.ZodType>(
  schema: T,
  bytes: Uint8Array,
  refuse: (what: string) => never,
): z.infer<T> {
  if (hasTooMany(bytes)) return refuse(`it has more than ${mostValues} values`);
  const parsed = parseStrictJson(bytes, () => refuse('it is not one JSON document without ambiguity'));
  const read = schema.safeParse(parsed);
  if (read.success) return read.data;
  const named = read.error.issues
    .slice(0, mostNamed)
    .map(({ path, message }) => `${path.map(String).join('.') || 'it'}: ${message}`);
  return refuse(named.join('; ').slice(0, 500));
}
