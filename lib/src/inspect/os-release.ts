/** True for text that begins as os-release(5) does: assignments, an ID among them. */
export function looksLikeOsRelease(head: string): boolean {
  return /^(?:#[^\n]*\n|[ \t\r]*\n)*[A-Z][A-Z0-9_]*=/.test(head) && /^ID=/m.test(head);
}

function unquote(value: string): string {
  const quote = value[0];
  if ((quote !== '"' && quote !== "'") || !value.endsWith(quote) || value.length < 2) return value;
  const inner = value.slice(1, -1);
  return quote === '"' ? inner.replaceAll(/\\(["$`\\])/g, '$1') : inner;
}

const fieldNames: ReadonlySet<string> = new Set([
  'ID',
  'ID_LIKE',
  'VERSION_ID',
  'VERSION',
  'VERSION_CODENAME',
  'NAME',
  'PRETTY_NAME',
]);

/** Reads the fields of os-release(5) that identify a distribution; of a field given twice the last counts, as in a shell. */
export function parseOsRelease(text: string): Readonly<Record<string, string>> {
  const fields: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const [, name, value] = /^\s*([A-Z_]+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined && fieldNames.has(name))
      fields[name] = unquote(value.trimEnd()).slice(0, 500);
  }
  return fields;
}
