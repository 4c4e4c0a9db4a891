import { isWharfingerError } from '../../errors.ts';
import type { AffectedRange } from '../advisory.ts';
import { ecosystemBase } from '../ecosystem.ts';
import { isFields } from '../osv-fields.ts';
import { versionOrder, type VersionOrder } from '../versions/order.ts';
import { composerSuccessor, readComposerConstraint } from './composer-constraint.ts';
import { gemSuccessor, readGemRequirement } from './gem-requirement.ts';
import { complement, rangesOf, unite, type Interval } from './intervals.ts';
import { readCargoRequirement, readNpmRange, semverSuccessor } from './semver-range.ts';

/** How the tools of an ecosystem write ranges. */
interface Language {
  readonly type: AffectedRange['type'];
  readonly read: (text: string) => readonly Interval[] | undefined;
  readonly successor: (version: string) => string;
}

const cargo: Language = { type: 'SEMVER', read: readCargoRequirement, successor: semverSuccessor };
const gem: Language = { type: 'ECOSYSTEM', read: readGemRequirement, successor: gemSuccessor };

const languages: ReadonlyMap<string, Language> = new Map([
  ['npm', { type: 'SEMVER', read: readNpmRange, successor: semverSuccessor }],
  ['crates.io', cargo],
  ['rust-std', cargo],
  ['RubyGems', gem],
  ['ruby-engine', gem],
  ['Packagist', { type: 'ECOSYSTEM', read: readComposerConstraint, successor: composerSuccessor }],
]);

const longestRange = 4096;
const mostRanges = 1000;

/**
 * Ranges that a database wrote in the language of its ecosystem instead of OSV's, under `database_specific` of an affected package:
 * RustSec and the Ruby Advisory Database (what is patched or was never affected), Security Advisories of PHP (branches), the Node.js
 * Security Working Group and GitHub (what is vulnerable).
 *
 * @param specific `database_specific`, as it was parsed
 * @returns empty: no version is affected; undefined: there are none, or they cannot be read, so that nothing is known of versions
 */
export function readNativeRanges(ecosystem: string, specific: unknown): readonly AffectedRange[] | undefined {
  const language = languages.get(ecosystemBase(ecosystem));
  const order = versionOrder(ecosystem);
  if (language === undefined || order === undefined || !isFields(specific)) return undefined;
  try {
    return readWith(language, order, specific);
  } catch (error) {
    // A version that the order refuses.
    if (isWharfingerError(error, 'VERSION_INVALID')) return undefined;
    throw error;
  }
}

function readWith(
  language: Language,
  order: VersionOrder,
  specific: Readonly<Record<string, unknown>>,
): readonly AffectedRange[] | undefined {
  const toRanges = (intervals: readonly Interval[]): readonly AffectedRange[] =>
    rangesOf(intervals, language.type, language.successor);
  const vulnerable = textsOf(specific['vulnerable_versions'] ?? specific['range']);
  if (vulnerable !== undefined) {
    const intervals = readAny(vulnerable, language);
    if (intervals === undefined) return undefined;
    const affected = unite(intervals, order);
    const patched = readAny(textsOf(specific['patched_versions']) ?? [], language) ?? [];
    return [...toRanges(affected), ...namedFixes(affected, patched, language.type)];
  }
  const branches = specific['branches'];
  if (isFields(branches)) {
    const texts = Object.values(branches).map((branch) =>
      textsOf(isFields(branch) ? branch['versions'] : undefined)?.join(','),
    );
    const given = texts.filter((text) => text !== undefined);
    const intervals =
      given.length < texts.length || given.length === 0 ? undefined : readAny(given, language);
    return intervals === undefined ? undefined : toRanges(unite(intervals, order));
  }
  const patched = textsOf(specific['patched'] ?? specific['patched_versions']);
  const unaffected = textsOf(specific['unaffected'] ?? specific['unaffected_versions']);
  if (patched === undefined || unaffected === undefined) return undefined;
  const safe = readAny([...patched, ...unaffected], language);
  return safe === undefined ? undefined : toRanges(complement(safe, order));
}

/** A text, or a list of texts; undefined for anything else. */
function textsOf(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value) || value.length > mostRanges) return undefined;
  return value.every((item) => typeof item === 'string') ? value : undefined;
}

/** What any of the texts means; undefined as soon as one of them cannot be read. */
function readAny(texts: readonly string[], { read }: Language): readonly Interval[] | undefined {
  const parts = texts.map((text) => (text.length > longestRange ? undefined : read(text)));
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
}

/**
 * Where only the last affected version is told, what is patched still names the fix: as a range that ends where it begins, so
 * that it holds no version.
 */
function namedFixes(
  affected: readonly Interval[],
  patched: readonly Interval[],
  type: AffectedRange['type'],
): readonly AffectedRange[] {
  if (!affected.some(({ to }) => to?.included === true)) return [];
  return patched.flatMap(({ from }) =>
    from?.included === true
      ? [{ type, events: [{ introduced: from.version }, { fixed: from.version }] }]
      : [],
  );
}
