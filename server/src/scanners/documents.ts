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
  const parsed = parseStrictJson(bytes, () => refuse('it is not one JSON document without ambiguity'));
  const read = schema.safeParse(parsed);
  if (read.success) return read.data;
  const named = read.error.issues
    .slice(0, mostNamed)
    .map(({ path, message }) => `${path.map(String).join('.') || 'it'}: ${message}`);
  return refuse(named.join('; ').slice(0, 500));
}
