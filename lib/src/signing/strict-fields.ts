import { refuse } from './refusal.ts';

/** The members of a JSON object. */
export type Fields = Readonly<Record<string, unknown>>;

/** The value as an object; refused if it is none. `where` names it in the reason. */
export function objectOf(value: unknown, where: string): Fields {
  return isObject(value) ? value : refuse(`${where} is not an object`);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value as a string; refused if it is none. */
export function stringOf(value: unknown, where: string): string {
  if (typeof value !== 'string') refuse(`${where} is not a string`);
  return value;
}

/** Refuses members that the format does not have: another reader could see another document in them. */
export function onlyKeys(fields: Fields, known: readonly string[], where: string): void {
  for (const key of Object.keys(fields)) {
    if (!known.includes(key)) refuse(`${where} has the unknown field ${JSON.stringify(key.slice(0, 100))}`);
  }
}

/** Standard base64 with padding in its one canonical spelling (RFC 4648, section 4), not empty. */
export function base64Of(value: unknown, where: string): Buffer {
  const text = stringOf(value, where);
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 0 || bytes.toString('base64') !== text) refuse(`${where} is not valid base64`);
  return bytes;
}
