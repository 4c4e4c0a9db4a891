/**
 * Replaces the comments of a TypeScript text by blanks and leaves everything else, line breaks too, where it is.
 * Knows strings, templates and regular expressions, so that a slash and a star within one of them open no comment.
 */
export function blankComments(text: string): string {
  let out = '';
  let at = 0;
  const braces: number[] = [];
  const copyTo = (end: number): void => {
    out += text.slice(at, end);
    at = end;
  };
  while (at < text.length) {
    const char = text[at]!;
    if (char === '/' && text[at + 1] === '/') {
      const end = indexOrEnd(text, '\n', at);
      out += ' '.repeat(end - at);
      at = end;
    } else if (char === '/' && text[at + 1] === '*') {
      const end = Math.min(indexOrEnd(text, '*/', at + 2) + 2, text.length);
      out += text.slice(at, end).replaceAll(/[^\n]/g, ' ');
      at = end;
    } else if (char === "'" || char === '"') {
      copyTo(endOfQuoted(text, at, char));
    } else if (char === '`' || (char === '}' && braces.at(-1) === 0)) {
      if (char === '}') braces.pop();
      const end = endOfTemplatePart(text, at + 1);
      if (text[end - 1] === '{') braces.push(0);
      copyTo(end);
    } else if (char === '/' && beginsRegularExpression(out)) {
      copyTo(endOfRegularExpression(text, at));
    } else {
      if (char === '{' && braces.length > 0) braces[braces.length - 1]! += 1;
      if (char === '}' && braces.length > 0) braces[braces.length - 1]! -= 1;
      copyTo(at + 1);
    }
  }
  return out;
}

function indexOrEnd(text: string, what: string, from: number): number {
  const found = text.indexOf(what, from);
  return found === -1 ? text.length : found;
}

function endOfQuoted(text: string, start: number, quote: string): number {
  let at = start + 1;
  while (at < text.length && text[at] !== quote && text[at] !== '\n') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** Behind the closing back-tick, or behind the `${` that interrupts the template. */
function endOfTemplatePart(text: string, start: number): number {
  let at = start;
  while (at < text.length) {
    if (text[at] === '\\') at += 2;
    else if (text[at] === '`') return at + 1;
    else if (text[at] === '$' && text[at + 1] === '{') return at + 2;
    else at += 1;
  }
  return at;
}

/** A slash divides after a value and opens a regular expression everywhere else. */
function beginsRegularExpression(before: string): boolean {
  const code = before.trimEnd();
  if (/(^|[^\w$.])(return|typeof|case|of|in|await|yield)$/.test(code.slice(-12))) return true;
  return !/[\w$)\]}'"`]$/.test(code);
}

function endOfRegularExpression(text: string, start: number): number {
  let inClass = false;
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text[at];
    if (char === '\n') return start + 1;
    if (char === '\\') at += 1;
    else if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    else if (char === '/' && !inClass) return at + 1;
  }
  return start + 1;
}
