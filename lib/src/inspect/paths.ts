/** A path as people may see it: control characters, backslashes and bytes that are no text as \xNN. */
export function displayPath(path: string): string {
  let shown = '';
  for (const char of path) {
    const code = char.codePointAt(0)!;
    if (code >= 0xdc80 && code <= 0xdcff) shown += `\\x${(code - 0xdc00).toString(16)}`;
    else if (code < 0x20 || (code >= 0x7f && code < 0xa0) || char === '\\')
      shown += `\\x${code.toString(16).padStart(2, '0')}`;
    // Marks that turn the direction of writing around, and lone halves of pairs, would falsify what is read.
    else if (/[\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/u.test(char))
      shown += `\\u{${code.toString(16)}}`;
    else shown += char;
  }
  return shown;
}

/** A path of an archive, brought below the root. */
export interface PlacedPath {
  /** without `.`, `..`, empty names and slashes at either end; '' is the root */
  readonly path: string;
  readonly absolute: boolean;
  /** true: it climbed above the root, where it was cut, as the kernel does for `/..` */
  readonly escaped: boolean;
  readonly depth: number;
}

/** Empty names, `.` or `..` anywhere. */
const needsWork = /(?:^|\/)\.{0,2}(?:\/|$)/;

/** Reads a path as it stands in an archive, lexically, inside the root. */
export function placePath(name: string): PlacedPath {
  if (!needsWork.test(name)) {
    let depth = name === '' ? 0 : 1;
    for (let at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1)) depth += 1;
    return { path: name, absolute: false, escaped: false, depth };
  }
  const parts: string[] = [];
  let escaped = false;
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) escaped = true;
  }
  return { path: parts.join('/'), absolute: name.startsWith('/'), escaped, depth: parts.length };
}
