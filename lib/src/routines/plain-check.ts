/** Where a value stands in a document: names and indexes from the root. */
export type Path = ReadonlyArray<string | number>;

/** A mistake in a document, and where it is. */
export interface Mistake {
  readonly path: Path;
  readonly what: string;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads plain data (from YAML or JSON) field by field, and keeps every mistake instead of stopping at the first. What
 * could not be read is replaced by something harmless of its type; whoever reads must refuse the whole if there is
 * any mistake.
 */
export interface PlainCheck {
  readonly mistakes: readonly Mistake[];
  readonly fail: (path: Path, what: string) => void;
  /** An object with no other fields than these. */
  readonly fields: (value: unknown, path: Path, known: readonly string[]) => Fields;
  /** An object with any field names. */
  readonly entries: (value: unknown, path: Path) => Array<[string, unknown]>;
  readonly list: (value: unknown, path: Path, longest: number) => readonly unknown[];
  /** A string that is not empty. */
  readonly text: (value: unknown, path: Path, longest: number) => string;
  readonly truth: (value: unknown, path: Path) => boolean;
  readonly choice: <T extends string>(value: unknown, path: Path, choices: readonly T[]) => T;
}

/** A new check, with no mistakes yet. */
export function createPlainCheck(): PlainCheck {
  const mistakes: Mistake[] = [];
  const fail = (path: Path, what: string): void => {
    mistakes.push({ path, what });
  };
  const missing = (value: unknown): string => (value === undefined ? 'is missing: it' : '');
  const say = (value: unknown, what: string): string => [missing(value), what].filter(Boolean).join(' ');
  const entries: PlainCheck['entries'] = (value, path) => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(value);
    fail(path, say(value, 'must be a mapping of names to values'));
    return [];
  };
  return {
    mistakes,
    fail,
    entries,
    fields: (value, path, known) => {
      const all = entries(value, path);
      for (const [name] of all)
        if (!known.includes(name)) fail([...path, name], `is not known; known are ${known.join(', ')}`);
      return Object.fromEntries(all);
    },
    list: (value, path, longest) => {
      if (!Array.isArray(value)) fail(path, say(value, 'must be a list'));
      else if (value.length > longest) fail(path, `has ${value.length} elements, more than ${longest}`);
      else return value;
      return [];
    },
    text: (value, path, longest) => {
      if (typeof value !== 'string' || value.trim() === '') fail(path, say(value, 'must be a text'));
      else if (value.length > longest) fail(path, `is longer than ${longest} characters`);
      else if (!value.isWellFormed()) fail(path, 'has half of a character (a surrogate by itself)');
      else return value;
      return '';
    },
    truth: (value, path) => {
      if (typeof value !== 'boolean') fail(path, say(value, 'must be true or false'));
      return value === true;
    },
    choice: (value, path, choices) => {
      const chosen = choices.find((choice) => choice === value);
      if (chosen === undefined) fail(path, say(value, `must be one of ${choices.join(', ')}`));
      return chosen ?? choices[0]!;
    },
  };
}

/** A path as people write it: routines[2].parameters.days */
export function formatPath(path: Path): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('');
}
