import { isDigest, type Digest } from '../oci/digest.ts';
import { mistakeInPattern } from '../oci/repository-pattern.ts';
import type { Path, PlainCheck } from '../routines/plain-check.ts';
import { parseTime } from '../routines/time.ts';

/** Reads one value, and tells the check what is wrong with it. */
export type Read<T> = (value: unknown, path: Path, check: PlainCheck) => T;

/** A list of what `read` reads, at most `longest` long. */
export function listOf<T>(read: Read<T>, longest: number): Read<readonly T[]> {
  return (value, path, check) =>
    check.list(value, path, longest).map((one, index) => read(one, [...path, index], check));
}

/** Values of any names, at most `most` of them. */
export function byName<T>(read: Read<T>, most: number): Read<Readonly<Record<string, T>>> {
  return (value, path, check) => {
    const entries = check.entries(value, path);
    if (entries.length > most) check.fail(path, `has ${entries.length} names, more than ${most}`);
    return Object.fromEntries(
      entries.slice(0, most).map(([name, one]) => [name, read(one, [...path, name], check)]),
    );
  };
}

/** A text that is not empty. */
export function textUpTo(longest: number): Read<string> {
  return (value, path, check) => check.text(value, path, longest);
}

/** A name or sentence for people. */
export const shortText = textUpTo(1000);

/** One of these words. */
export function oneOf<T extends string>(choices: readonly T[]): Read<T> {
  return (value, path, check) => check.choice(value, path, choices);
}

export const truth: Read<boolean> = (value, path, check) => check.truth(value, path);

/** A time as RFC 3339 has it, with its zone. */
export const time: Read<string> = (value, path, check) => {
  const text = check.text(value, path, 40);
  if (text !== '' && parseTime(text) === undefined) check.fail(path, 'must be a time as RFC 3339 has it');
  return text;
};

/** A whole number. */
export function integer(least: number, most: number): Read<number> {
  return (value, path, check) => {
    if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most)
      return value as number;
    check.fail(path, `must be a whole number from ${least} to ${most}`);
    return least;
  };
}

/** A pattern of repository names (oci/repository-pattern.ts). */
export const repositoryPattern: Read<string> = (value, path, check) => {
  const pattern = check.text(value, path, 255);
  const mistake = pattern === '' ? undefined : mistakeInPattern(pattern);
  if (mistake !== undefined) check.fail(path, `is not a repository pattern: ${mistake}`);
  return pattern;
};

export const digest: Read<Digest> = (value, path, check) => {
  const text = check.text(value, path, 200);
  if (isDigest(text)) return text;
  if (text !== '') check.fail(path, 'must be sha256: or sha512: and hex digits in lower case');
  return `sha256:${'0'.repeat(64)}`;
};

/** The field under its own name where it is given; nothing where it is not. */
export function optional<K extends string, T>(
  fields: Readonly<Record<string, unknown>>,
  name: K,
  path: Path,
  check: PlainCheck,
  read: Read<T>,
): { readonly [key in K]?: T } {
  if (fields[name] === undefined) return {};
  return { [name]: read(fields[name], [...path, name], check) } as { readonly [key in K]?: T };
}
