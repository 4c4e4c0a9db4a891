import { crc32 } from 'node:zlib';

/** Shannon entropy of the characters of a text, in bits for each. */
export function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  let entropy = 0;
  for (const count of counts.values()) entropy -= (count / text.length) * Math.log2(count / text.length);
  return entropy;
}

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/**
 * True if the last six characters are the CRC-32 of those before, in base 62: so tokens of GitHub and npm end
 * (github.blog, "Behind GitHub's new authentication token formats").
 */
export function hasChecksum(random: string): boolean {
  return random.slice(-6) === checksumOf(random.slice(0, -6));
}

/** The six characters that end such a token. */
export function checksumOf(random: string): string {
  let rest = crc32(random);
  let text = '';
  for (let digit = 0; digit < 6; digit += 1) {
    text = base62[rest % 62]! + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}

/** Characters of a value that are looked at for such words. */
const judgedLength = 80;

/** Words by which values say that they are none; as a part of the value, without regard to case. */
const placeholderWords =
  /example|sample|dummy|placeholder|changeme|change[-_ ]?me|change[-_ ]?this|replace[-_ ]?(?:me|this|with)|your[-_ ]|my[-_]?(?:pass|secret|token|key)|insert[-_ ]|redacted|not[-_ ]?(?:a[-_ ])?real|fake|todo|fixme|xxxx|\*\*\*|\.\.\.|abcdef(?:gh|12)|123456|(?:foo|bar|baz){2}|foobar|lorem|undefined|secret[-_]?here|deadbeef/i;

/** Values that stand for another: of shells, templates, and people. */
const references =
  /^(?:\$|%[A-Za-z_({]|<|\{\{|\[\[|@@|#\{|&[A-Za-z]|\*|!(?:vault|secret|ref|sub|env|ENV)|env[.:(]|ENV\[|secret(?:s|Ref|KeyRef)?[.:(/]|vault:|ssm:|arn:|op:\/\/|file:|\/)|\$\{|\{\{|\$\(|<[A-Za-z_][^>]*>/;

/** True for what stands in the place of a secret and is none: examples, and what templates fill in. */
export function isPlaceholder(value: string): boolean {
  return isMonotonous(value) || placeholderWords.test(value.slice(0, judgedLength));
}

/** True for values that name where the secret is to be taken from. */
export function isReference(value: string): boolean {
  return references.test(value);
}

/** True if one or two characters, or a short run of them again and again, make up nearly all of it. */
export function isMonotonous(value: string): boolean {
  const start = value.slice(0, judgedLength).toLowerCase();
  return new Set(start).size <= Math.min(4, start.length / 3);
}

/** How many of lower case, upper case, digits and other characters it has. */
export function classesOf(value: string): number {
  return [/[a-z]/, /[A-Z]/, /[0-9]/, /[^A-Za-z0-9]/].filter((one) => one.test(value)).length;
}

/** The fields of a part of a JSON Web Token (RFC 7519); undefined where it is none. */
export function tokenPart(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
