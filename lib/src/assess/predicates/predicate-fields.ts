import { parseStrictJson } from '../../oci/strict-json.ts';
import { refuse } from '../../signing/refusal.ts';
import { objectOf, stringOf, type Fields } from '../../signing/strict-fields.ts';

/** Longest name, URI or purl that a predicate may hold, in characters. */
const longestText = 4096;

/** Most entries of one list: large images have thousands of packages. */
const mostEntries = 100_000;

/** A text that is neither empty nor very long. */
export function textOf(value: unknown, where: string): string {
  const text = stringOf(value, where);
  if (text === '') refuse(`${where} is empty`);
  if (text.length > longestText) refuse(`${where} is longer than ${longestText} characters`);
  return text;
}

/** True where a field is not given. cosign hands predicates through a form that has null for that. */
export function absent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

/** A text; undefined where it is absent or empty. */
export function optionalText(value: unknown, where: string): string | undefined {
  return absent(value) || value === '' ? undefined : textOf(value, where);
}

/** A list, not very long; empty where it is absent. */
export function optionalList(value: unknown, where: string): readonly unknown[] {
  if (absent(value)) return [];
  if (!Array.isArray(value)) return refuse(`${where} is not a list`);
  if (value.length > mostEntries) refuse(`${where} has ${value.length} entries, more than ${mostEntries}`);
  return value;
}

/** An object; empty where it is absent. */
export function optionalObject(value: unknown, where: string): Fields {
  return absent(value) ? {} : objectOf(value, where);
}

/**
 * The document in a predicate: the predicate, or what stands in its `Data` where that and a `Timestamp` are all that it has,
 * as cosign wraps what it does not know (sigstore/cosign, specs/COSIGN_PREDICATE_SPEC.md).
 */
export function documentOf(predicate: unknown, where: string): Fields {
  if (absent(predicate)) return refuse(`${where} is empty`);
  const fields = objectOf(predicate, where);
  const names = Object.keys(fields);
  if (!names.includes('Data') || names.some((name) => name !== 'Data' && name !== 'Timestamp')) return fields;
  const data = fields['Data'];
  if (typeof data !== 'string') return objectOf(data, `the data of ${where}`);
  return objectOf(
    parseStrictJson(Buffer.from(data), (what) => refuse(`${where} cannot be read: ${what}`)),
    where,
  );
}
