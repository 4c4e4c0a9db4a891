/** One challenge of a WWW-Authenticate header (RFC 9110, section 11.6.1). */
export interface Challenge {
  /** in lower case */
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+/;
const quoted = /^"((?:[^"\\]|\\.)*)"/;

/** Reads the challenges of one header value; what cannot be read ends the list. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Array<{ scheme: string; parameters: Record<string, string> }> = [];
  let rest = header.trimStart();
  while (rest !== '') {
    const name = token.exec(rest)?.[0];
    if (name === undefined) break;
    rest = rest.slice(name.length);
    const afterName = rest.trimStart();
    const current = challenges.at(-1);
    if (afterName.startsWith('=') && current !== undefined) {
      const value = afterName.slice(1).trimStart();
      const found = quoted.exec(value) ?? token.exec(value);
      if (found === null) break;
      current.parameters[name.toLowerCase()] = (found[1] ?? found[0]).replace(/\\(.)/g, '$1');
      rest = value.slice(found[0].length);
    } else {
      challenges.push({ scheme: name.toLowerCase(), parameters: {} });
    }
    rest = rest.replace(/^[\s,]+/, '');
  }
  return challenges;
}
