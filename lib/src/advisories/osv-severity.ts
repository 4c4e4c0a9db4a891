import type { Severity } from './advisory.ts';
import { baseScore, severityOfScore } from './cvss.ts';
import { isFields } from './osv-fields.ts';

/** Words that databases use, in their own or in CVSS's terms. */
const words: ReadonlyMap<string, Severity> = new Map([
  ['none', 'none'],
  ['unimportant', 'low'],
  ['negligible', 'low'],
  ['minor', 'low'],
  ['low', 'low'],
  ['moderate', 'medium'],
  ['medium', 'medium'],
  ['important', 'high'],
  ['high', 'high'],
  ['critical', 'critical'],
]);

export interface Scored {
  readonly severity: Severity;
  readonly score?: number;
}

const unscored: Scored = { severity: 'unscored' };

/**
 * How bad, as a record or one of its affected packages says: the score of a CVSS vector (the highest, where there are
 * several), else the number or the word that the database gives. What cannot be read is unscored, which is not the same as harmless.
 *
 * @param fields the record, or an element of `affected`
 */
export function readSeverity(fields: Readonly<Record<string, unknown>>): Scored {
  const given: readonly unknown[] = Array.isArray(fields['severity']) ? fields['severity'] : [];
  let best = unscored;
  let word: Severity | undefined;
  for (const item of given) {
    const text = isFields(item) ? item['score'] : undefined;
    if (typeof text !== 'string') continue;
    const score = baseScore(text);
    if (score === undefined) word ??= words.get(text.toLowerCase());
    else if (best.score === undefined || score > best.score)
      best = { severity: severityOfScore(score), score };
  }
  if (best.score !== undefined) return best;
  const number = readNumber(fields['database_specific']);
  if (number !== undefined) return { severity: severityOfScore(number), score: number };
  word ??= readWord(fields['database_specific']) ?? readWord(fields['ecosystem_specific']);
  return word === undefined ? unscored : { severity: word };
}

/** The base score, where a database gives no vector, but the number alone; nought stands for none as well. */
function readNumber(value: unknown): number | undefined {
  if (!isFields(value)) return undefined;
  return ['cvss_v3', 'cvss_v2', 'cvss_score']
    .map((key) => value[key])
    .find((score): score is number => typeof score === 'number' && score > 0 && score <= 10);
}

function readWord(value: unknown): Severity | undefined {
  if (!isFields(value)) return undefined;
  for (const key of ['severity', 'urgency']) {
    const word = value[key];
    const severity = typeof word === 'string' ? words.get(word.toLowerCase()) : undefined;
    if (severity !== undefined) return severity;
  }
  return undefined;
}

const order: readonly Severity[] = ['none', 'low', 'medium', 'high', 'critical'];

/** The worse of two; what is unscored gives way to anything that is known. */
export function worse(a: Scored, b: Scored): Scored {
  const difference = order.indexOf(a.severity) - order.indexOf(b.severity);
  return difference > 0 || (difference === 0 && (a.score ?? -1) >= (b.score ?? -1)) ? a : b;
}
