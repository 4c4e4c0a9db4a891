import { isDigest, type Digest } from '../../oci/digest.ts';
import { refuse } from '../../signing/refusal.ts';
import { objectOf, stringOf, type Fields } from '../../signing/strict-fields.ts';
import { custodyLimits } from '../limits.ts';

/** A text that is not empty and not long. */
export function textOf(value: unknown, where: string): string {
  const text = stringOf(value, where);
  if (text === '') refuse(`${where} is empty`);
  if (text.length > custodyLimits.text) refuse(`${where} is longer than ${custodyLimits.text} characters`);
  return text;
}

/** A text, or nothing where the field is absent or null: cosign hands predicates through a form that knows both. */
export function optionalText(value: unknown, where: string): string | undefined {
  return absent(value) ? undefined : textOf(value, where);
}

/** A whole number from 0 to 2^53 - 1: all that survives being made into a double. */
export function countOf(value: unknown, where: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    return refuse(`${where} is not a whole number from 0 to 2^53 - 1`);
  }
  return value;
}

export function digestField(value: unknown, where: string): Digest {
  return isDigest(value) ? value : refuse(`${where} is not a sha256 or sha512 digest in lower case`);
}

const timeShape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** A time with its zone (RFC 3339), as it stands there. */
export function timeOf(value: unknown, where: string): string {
  const text = stringOf(value, where);
  if (!timeShape.test(text) || Number.isNaN(Date.parse(text)))
    refuse(`${where} is not a time as RFC 3339 has it`);
  return text;
}

export function listOf<T>(
  value: unknown,
  where: string,
  most: number,
  read: (item: unknown, where: string) => T,
): T[] {
  if (!Array.isArray(value)) return refuse(`${where} is not a list`);
  if (value.length > most) refuse(`${where} has ${value.length} entries, more than ${most}`);
  return value.map((item, at) => read(item, `${where}[${at}]`));
}

/** The predicate as an object. Some releases of cosign write statements without one. */
export function predicateFields(predicate: unknown, kind: string): Fields {
  if (absent(predicate)) return refuse(`the ${kind} is empty`);
  return objectOf(predicate, `the ${kind}`);
}

export function absent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

/** From when to when a statement is in force. */
export interface Validity {
  /** RFC 3339 */
  readonly notBefore: string;
  /** RFC 3339, exclusive */
  readonly notAfter: string;
}

export function validityOf(fields: Fields): Validity {
  const notBefore = timeOf(fields['notBefore'], 'notBefore');
  const notAfter = timeOf(fields['notAfter'], 'notAfter');
  if (Date.parse(notAfter) <= Date.parse(notBefore)) refuse('notAfter is not after notBefore');
  return { notBefore, notAfter };
}
