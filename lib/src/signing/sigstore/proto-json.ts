import { refuse } from '../refusal.ts';

/** In the JSON of protocol buffers null says that a field is not set. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** A list of at most so many; none where it is not given. */
export function listOf(value: unknown, where: string, atMost: number): readonly unknown[] {
  if (!isGiven(value)) return [];
  if (!Array.isArray(value)) return refuse(`${where} is not a list`);
  if (value.length > atMost) refuse(`${where} has ${value.length} entries, more than ${atMost}`);
  return value;
}

/** A 64-bit integer that is not negative, in decimal; zero where it is not given. */
export function integerOf(value: unknown, where: string): string {
  if (!isGiven(value)) return '0';
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== 'string' || !/^(?:0|[1-9]\d{0,18})$/.test(text)) {
    return refuse(`${where} is not a whole number that is not negative`);
  }
  return text;
}
