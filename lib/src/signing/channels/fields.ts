import { refuse } from '../refusal.ts';
import { stringOf } from '../strict-fields.ts';

const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/** A time as RFC 3339 has it, in the one spelling that JavaScript gives it; refused if it is none. */
export function timeOf(value: unknown, where: string): string {
  const text = stringOf(value, where);
  const ms = rfc3339.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? refuse(`${where} is not a time as RFC 3339 has it`) : new Date(ms).toISOString();
}

/** A whole number from 0 that every JSON reader holds exactly. */
export function counterOf(value: unknown, where: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    refuse(`${where} is not a whole number from 0 to 2^53-1`);
  return value;
}
