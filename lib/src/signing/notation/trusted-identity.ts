import type { DistinguishedName } from './distinguished-name.ts';
import { parseNameText } from './distinguished-name.ts';

/** Names that count: everybody whom the trust stores vouch for, or subjects that have all of some attributes. */
export type TrustedNames = '*' | ReadonlyArray<ReadonlyMap<string, string>>;

const prefix = 'x509.subject:';

const mandatory = ['C', 'ST', 'O'];

/**
 * Reads trusted identities as trustpolicy.json has them: `*` alone, or `x509.subject: C=…, ST=…, O=…` with these attributes at
 * least.
 * @param fail called with each mistake; may return
 */
export function parseTrustedNames(identities: readonly string[], fail: (what: string) => void): TrustedNames {
  if (identities.length === 1 && identities[0] === '*') return '*';
  if (identities.length === 0) fail('no trusted identity is named');
  const names = identities.map((identity) => parseIdentity(identity, fail));
  for (const [at, name] of names.entries()) {
    const other = names.findIndex(
      (candidate, index) => index !== at && name.size > 0 && isSubset(name, candidate),
    );
    if (other >= 0) {
      fail(
        `the trusted identity ${show(identities[at]!)} takes in ${show(identities[other]!)}; take one of them away`,
      );
    }
  }
  return names;
}

function parseIdentity(identity: string, fail: (what: string) => void): ReadonlyMap<string, string> {
  if (identity === '*') {
    fail('the trusted identity * stands beside others; it must stand alone');
    return new Map();
  }
  if (!identity.startsWith(prefix)) {
    fail(`the trusted identity ${show(identity)} is neither "${prefix} …" nor *`);
    return new Map();
  }
  try {
    const name = parseNameText(identity.slice(prefix.length), (what) => {
      throw new Error(what);
    });
    for (const type of mandatory) {
      if (!name.has(type)) fail(`the trusted identity ${show(identity)} lacks the attribute ${type}`);
    }
    return name;
  } catch (error) {
    fail(`the trusted identity ${show(identity)}: ${(error as Error).message}`);
    return new Map();
  }
}

function isSubset(some: ReadonlyMap<string, string>, all: ReadonlyMap<string, string>): boolean {
  return [...some].every(([type, value]) => all.get(type) === value);
}

/**
 * Looks whether a subject is one of the trusted names: all attributes that such a name has must be the same, character by
 * character. A subject that says an attribute twice, or several in one relative name, is none, whatever it says.
 * @returns undefined if it is; else why not
 */
export function whyUntrusted(subject: DistinguishedName, trusted: TrustedNames): string | undefined {
  if (trusted === '*') return undefined;
  if (subject.some((relative) => relative.length !== 1))
    return 'it has a relative name of several attributes';
  const attributes = new Map<string, string | undefined>();
  for (const { type, value } of subject.flat()) {
    if (attributes.has(type)) return `it has the attribute ${type} twice`;
    attributes.set(type, value);
  }
  const matches = trusted.some(
    (name) => name.size > 0 && [...name].every(([type, value]) => attributes.get(type) === value),
  );
  return matches ? undefined : 'it has not all attributes of any trusted identity';
}

function show(identity: string): string {
  return JSON.stringify(identity.slice(0, 200));
}
