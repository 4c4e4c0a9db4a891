import { WharfingerError } from '../errors.ts';

const longestName = 1024;
/** Control characters, and those that turn the direction of text. */
const controls = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** A JSON object whose fields are not trusted yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** Reads fields of one record; every complaint names the record and the field. */
export class RecordReader {
  readonly #record: string;

  constructor(record: string) {
    this.#record = record;
  }

  refuse(field: string, what: string): never {
    throw new WharfingerError('ADVISORY_INVALID', { what: `${this.#record}: ${field} ${what}` });
  }

  /** The value as an object; undefined where it is absent or null. */
  object(value: unknown, field: string): Fields | undefined {
    if (value === undefined || value === null) return undefined;
    return isFields(value) ? value : this.refuse(field, 'must be an object');
  }

  /** The value as a list; empty where it is absent or null. */
  list(value: unknown, field: string): readonly unknown[] {
    if (value === undefined || value === null) return [];
    return Array.isArray(value) ? value : this.refuse(field, 'must be a list');
  }

  strings(value: unknown, field: string): readonly string[] {
    return this.list(value, field).map((item, at) =>
      typeof item === 'string' ? item : this.refuse(`${field}[${at}]`, 'must be a string'),
    );
  }

  /** The value as a name or version: text that is not empty, of sensible length, and harmless on a terminal. */
  text(value: unknown, field: string): string {
    if (typeof value !== 'string' || value === '')
      return this.refuse(field, 'must be a string that is not empty');
    if (value.length > longestName || controls.test(value)) {
      return this.refuse(field, `must have at most ${longestName} characters and no control characters`);
    }
    return value;
  }

  /** The value as text; empty where it is absent or null. */
  optionalText(value: unknown, field: string): string {
    if (value === undefined || value === null) return '';
    return typeof value === 'string' ? value : this.refuse(field, 'must be a string');
  }

  /** A time as RFC 3339 in UTC; undefined where it is absent or of year 1, which is how Go writes "none". */
  time(value: unknown, field: string): string | undefined {
    const text = this.optionalText(value, field);
    if (text === '' || text.startsWith('0001-')) return undefined;
    const at = /^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ]|$)/.test(text) ? new Date(text) : new Date(Number.NaN);
    return Number.isNaN(at.getTime())
      ? this.refuse(
          field,
          `must be a time such as 2024-05-31T12:00:00Z, not ${JSON.stringify(text.slice(0, 80))}`,
        )
      : at.toISOString();
  }
}

/** Text for people, without what could do harm on a terminal. */
export function displayText(text: string): string {
  return text.replace(new RegExp(controls, 'gu'), ' ').trim();
}

/** True for a JSON object. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
