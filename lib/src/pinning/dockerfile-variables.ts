/** Values of ARGs that have a default. */
export type Variables = ReadonlyMap<string, string>;

/** Longer than any reference: defaults that double each other are not followed further. */
const longestValue = 4096;

const variable = /\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?)([-+])([^${}]*))?\})/g;

/**
 * Replaces variables as a Dockerfile does: $name, ${name}, ${name:-default}, ${name:+other}, and both without the colon.
 * @returns the text, or the name of the first variable without a value, or of what cannot be read
 */
export function expandVariables(
  text: string,
  variables: Variables,
): { readonly value: string } | { readonly missing: string } {
  let missing: string | undefined;
  const value = text.replace(
    variable,
    (whole, plain?: string, braced?: string, colon?: string, operator?: string, word = '') => {
      const name = plain ?? braced ?? '';
      const found = variables.get(name);
      const isSet = found !== undefined && (colon !== ':' || found !== '');
      if (operator === '-') return isSet ? found : String(word);
      if (operator === '+') return isSet ? String(word) : '';
      if (found === undefined) missing ??= name;
      return found ?? whole;
    },
  );
  if (value.length > longestValue) return { missing: text.slice(0, 100) };
  // What is left is a form that is not known here, or that only some builders know.
  if (missing === undefined && value.includes('$')) missing = value.slice(value.indexOf('$'));
  return missing === undefined ? { value } : { missing };
}

/** Names of the variables that a text uses. */
export function variablesIn(text: string): readonly string[] {
  return [...text.matchAll(variable)].map((found) => found[1] ?? found[2] ?? '');
}
