const whitespace = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** Half of a character beyond the first 65,536, by its escape; a pair of them is one character. */
const halfEscape = /\\u[dD][89a-fA-F]/;

/** Deeper nesting than any manifest, statement or configuration has. */
const maxDepth = 128;

/**
 * Parses JSON as strictly as signed and content-addressed documents need: valid UTF-8, no byte order mark, no
 * duplicate keys and no halves of characters (two readers could see two documents), bounded depth.
 *
 * @param bytes the document
 * @param refuse called with what is wrong; must throw
 */
export function parseStrictJson(bytes: Uint8Array, refuse: (what: string) => never): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse('it is not valid UTF-8');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse(`it is not valid JSON (${(error as Error).message})`);
  }
  const ambiguous = findAmbiguity(text);
  if (ambiguous !== undefined) refuse(ambiguous);
  return value;
}

/** Walks text that JSON.parse accepted; says what is wrong with its keys, texts or depth, undefined if nothing. */
function findAmbiguity(text: string): string | undefined {
  const hasHalves = halfEscape.test(text);
  const open: Array<Set<string> | null> = [];
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      const end = endOfString(text, at);
      if (hasHalves && !(JSON.parse(text.slice(at, end)) as string).isWellFormed())
        return 'it has half of a character (a surrogate by itself), of which readers make different texts';
      const keys = open.at(-1);
      if (keys) {
        let next = end;
        while (whitespace.has(text.charCodeAt(next))) next += 1;
        if (text.charCodeAt(next) === 0x3a) {
          const key = JSON.parse(text.slice(at, end)) as string;
          if (keys.has(key)) return `the key ${JSON.stringify(key)} stands twice in one object`;
          keys.add(key);
        }
      }
      at = end;
      continue;
    }
    if (code === 0x7b || code === 0x5b) {
      open.push(code === 0x7b ? new Set() : null);
      if (open.length > maxDepth) return `it is nested deeper than ${maxDepth} levels`;
    } else if (code === 0x7d || code === 0x5d) open.pop();
    at += 1;
  }
  return undefined;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text.charCodeAt(at) !== 0x22) at += text.charCodeAt(at) === 0x5c ? 2 : 1;
  return at + 1;
}
