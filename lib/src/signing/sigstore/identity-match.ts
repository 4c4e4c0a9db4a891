import { RE2JS } from '@bufbuild/re2';
import { WharfingerError } from '../../errors.ts';
import type { TextMatch } from '../evidence.ts';

/** Longer than any pattern for identities that a person reads. */
const longestPattern = 1024;

/** What a certificate of Sigstore's kind says of whose it is. */
export interface CertifiedIdentity {
  /** who vouched for the subject: the issuer of the identity token */
  readonly issuer: string;
  /** subject alternative name: an e-mail address, a URI, or a user name */
  readonly subject: string;
}

/** Decides whether a text is the one that is meant. */
export type TextMatcher = (text: string) => boolean;

/**
 * Makes ready to compare. A pattern is RE2, so that no text can take long, and must match the text as a whole: one that
 * names `https://good.example` does not match `https://good.example.evil.example`.
 *
 * @throws WharfingerError INPUT_INVALID for a pattern that is none
 */
export function textMatcher(match: TextMatch): TextMatcher {
  if ('exact' in match) {
    const { exact } = match;
    if (exact === '') throw new WharfingerError('INPUT_INVALID', { what: 'an expected identity is empty' });
    return (text) => text === exact;
  }
  const expression = compile(match.pattern);
  return (text) => expression.testExact(text);
}

function compile(pattern: string): RE2JS {
  const shown = JSON.stringify(pattern.slice(0, 100));
  if (pattern === '' || pattern.length > longestPattern) {
    throw new WharfingerError('INPUT_INVALID', {
      what: `the pattern ${shown} is ${pattern === '' ? 'empty' : `longer than ${longestPattern} characters`}`,
    });
  }
  try {
    return new RE2JS(pattern);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WharfingerError('INPUT_INVALID', {
      what: `the pattern ${shown} is no regular expression of RE2: ${why}`,
      cause,
    });
  }
}
