import canonicalize from 'canonicalize';

/** What JSON can hold. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isJsonList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/**
 * The one text of a JSON value (RFC 8785): equal for two values exactly if they are the same but for the order of names.
 * @returns undefined where it has none: a number beyond what a double holds
 */
export function canonicalText(value: JsonValue): string | undefined {
  try {
    return canonicalize(value);
  } catch {
    return undefined;
  }
}

/** True if both have a canonical text, and the same. */
export function sameJson(left: JsonValue | undefined, right: JsonValue | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  const text = canonicalText(left);
  return text !== undefined && text === canonicalText(right);
}
