import { createHash } from 'node:crypto';
import { AnchorFilter } from './anchor-filter.ts';
import { isPublicPath } from './public-paths.ts';
import { longestReach, reachBefore, usualReach, type SecretPlace, type SecretRule } from './rule.ts';
import { secretRules } from './rules.ts';
import { longestExcerpt, type SecretHit, type SecretSeverity } from './secret-facts.ts';
import { isPlaceholder } from './value-checks.ts';

/** A secret, and where its characters are. */
export interface LocatedHit {
  readonly hit: Omit<SecretHit, 'line'>;
  /** index of its row: of two that find the same, the lower counts */
  readonly rule: number;
  /** offsets in the file */
  readonly start: number;
  readonly end: number;
  /** the same for the same secret in the same file; never leaves the scanner */
  readonly key: string;
}

interface AnchoredRules {
  readonly text: string;
  readonly rules: ReadonlyArray<{ readonly rule: SecretRule; readonly index: number }>;
  readonly reach: number;
}

function collectAnchors(): readonly AnchoredRules[] {
  const all = secretRules.flatMap((rule, index) =>
    rule.anchors.map((text) => ({ key: `${rule.anyCase === true} ${text}`, text, rule, index })),
  );
  return [...Map.groupBy(all, ({ key }) => key).values()].map((rows) => ({
    text: rows[0]!.text,
    rules: rows.map(({ rule, index }) => ({ rule, index })),
    reach: Math.max(...rows.map(({ rule }) => rule.reach ?? usualReach)),
  }));
}

/** Anchors, and what finds them. */
interface Search {
  readonly anchors: readonly AnchoredRules[];
  readonly filter: AnchorFilter;
}

function searchFor(anchors: readonly AnchoredRules[]): Search {
  const texts = anchors.map(({ text, rules }) => ({ text, anyCase: rules[0]!.rule.anyCase === true }));
  return { anchors, filter: new AnchorFilter(texts) };
}

const inText = searchFor(collectAnchors());
/** Most of a layer is no text, and few kinds of secrets are looked for there. */
const inBinaries = searchFor(
  inText.anchors.filter(({ rules }) => rules.some(({ rule }) => rule.inBinary === true)),
);

/** What is known of a file before its content passes. */
export interface ScannedFile extends SecretPlace {
  /** false: only the rules that say so are tried */
  readonly isText: boolean;
}

/** A file of this path. */
export function scannedFile(path: string, isText: boolean): ScannedFile {
  return { path, isPublic: isPublicPath(path), isText };
}

/**
 * Looks for secrets whose anchors begin in bytes `from` to `to`. For an answer that does not depend on how the file is cut, the bytes
 * before and behind must be there as far as rules look: `reachBefore` and `longestReach`, or to the file's end.
 *
 * @param offset of the first byte in the file
 */
export function scanBytes(
  bytes: Buffer,
  from: number,
  to: number,
  offset: number,
  file: ScannedFile,
  found: (hit: LocatedHit) => void,
): void {
  const { anchors, filter } = file.isText ? inText : inBinaries;
  filter.scan(bytes, from, to, (anchor, at) => {
    const { rules, reach } = anchors[anchor]!;
    const start = Math.max(0, at - reachBefore);
    let window = '';
    for (const { rule, index } of rules) {
      if (!file.isText && rule.inBinary !== true) continue;
      if (rule.paths !== undefined && !rule.paths.test(file.path)) continue;
      if (rule.mayBegin !== undefined && !rule.mayBegin(bytes, at)) continue;
      if (window === '')
        window = bytes.toString('latin1', start, Math.min(bytes.length, at + Math.min(reach, longestReach)));
      const hit = matchRule(rule, index, window, at - start, offset + start, file);
      if (hit !== undefined) found(hit);
    }
  });
}

function matchRule(
  rule: SecretRule,
  index: number,
  window: string,
  at: number,
  offset: number,
  file: ScannedFile,
): LocatedHit | undefined {
  const { pattern } = rule;
  pattern.lastIndex = at;
  const match = pattern.exec(window);
  const groups = match?.groups;
  const secret = groups?.['secret'];
  if (match === null || groups === undefined || secret === undefined) return undefined;
  const severity = severityOf(rule, secret, groups, window, file);
  if (severity === undefined) return undefined;
  // Where the group stands before the anchor, the match says nothing of its place.
  const inMatch = match[0].lastIndexOf(secret);
  const start = offset + (inMatch < 0 ? at - secret.length : match.index + inMatch);
  const digest = createHash('sha256').update(secret, 'latin1').digest('hex');
  return {
    hit: {
      rule: rule.id,
      severity,
      excerpt: excerptOf(rule, secret, groups),
      ...(rule.chosen === true ? {} : { fingerprint: digest.slice(0, 16) }),
    },
    rule: index,
    start,
    end: start + secret.length,
    key: `${rule.id} ${digest}`,
  };
}

function severityOf(
  rule: SecretRule,
  secret: string,
  groups: Readonly<Record<string, string | undefined>>,
  window: string,
  file: ScannedFile,
): SecretSeverity | undefined {
  if (rule.judge !== undefined) return rule.judge({ secret, groups, window }, file);
  return isPlaceholder(secret) ? undefined : rule.severity;
}

/** What may be told: a name, and of a long secret that nobody chose the first and last characters. */
function excerptOf(
  rule: SecretRule,
  secret: string,
  groups: Readonly<Record<string, string | undefined>>,
): string {
  const { before = '', keyword = '', after = '', name = `${before}${keyword}${after}`, kind } = groups;
  if (kind !== undefined) return `-----BEGIN ${kind}PRIVATE KEY-----…`;
  if (rule.chosen === true) return `${printable(name)}${name === '' ? '' : '='}…`.slice(0, longestExcerpt);
  const isLong = secret.length >= 30 && !/\s/.test(secret);
  const masked = isLong ? `${secret.slice(0, 4)}…${secret.slice(-2)}` : '…';
  return `${printable(name)}${name === '' ? '' : '='}${printable(masked)}`.slice(0, longestExcerpt);
}

/** The pattern of a name has ASCII only; whatever else stands there is not shown. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e…]/g, '?');
}
