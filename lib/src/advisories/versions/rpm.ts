import { WharfingerError } from '../../errors.ts';

const longest = 512;
/** White space and control characters stand in no version. */
const unfit = /[\s\p{Cc}]/u;

interface RpmVersion {
  readonly epoch: string;
  readonly version: string;
  /** undefined is before every release, the empty one included */
  readonly release: string | undefined;
}

/**
 * Orders two versions as rpm does (rpm-version(7), `epoch:version-release`): epoch, version, release; a missing epoch is 0.
 *
 * @returns negative, zero or positive
 * @throws WharfingerError VERSION_INVALID
 */
export function compareRpm(a: string, b: string): number {
  const left = parse(a);
  const right = parse(b);
  return (
    compareNumbers(left.epoch, right.epoch) ||
    comparePart(left.version, right.version) ||
    Number(left.release !== undefined) - Number(right.release !== undefined) ||
    comparePart(left.release ?? '', right.release ?? '')
  );
}

function parse(text: string): RpmVersion {
  if (text === '' || text.length > longest || unfit.test(text)) {
    throw new WharfingerError('VERSION_INVALID', {
      what: `${JSON.stringify(text.slice(0, 200))} is not a version of rpm`,
    });
  }
  // What stands before a colon and is no number belongs to the version.
  const epoch = /^[0-9]+(?=:)/.exec(text)?.[0];
  const rest = epoch === undefined ? text : text.slice(epoch.length + 1);
  const dash = rest.lastIndexOf('-');
  return {
    epoch: epoch ?? '0',
    version: dash < 0 ? rest : rest.slice(0, dash),
    release: dash < 0 ? undefined : rest.slice(dash + 1),
  };
}

/** Runs of letters, runs of digits, a tilde or a caret; all else only separates them. */
function segmentsOf(part: string): readonly string[] {
  return part.match(/[0-9]+|[A-Za-z]+|[~^]/g) ?? [];
}

/**
 * What a segment is where two differ in kind: a tilde is before the end, the end before a caret, that before letters, those before
 * numbers.
 */
function rankOf(segment: string | undefined): number {
  if (segment === '~') return 0;
  if (segment === undefined) return 1;
  if (segment === '^') return 2;
  return /^[0-9]/.test(segment) ? 4 : 3;
}

function comparePart(a: string, b: string): number {
  if (a === b) return 0;
  const left = segmentsOf(a);
  const right = segmentsOf(b);
  for (let at = 0; at < left.length || at < right.length; at += 1) {
    const [one, other] = [left[at], right[at]];
    const rank = rankOf(one);
    if (rank !== rankOf(other)) return rank - rankOf(other);
    const difference = rank === 4 ? compareNumbers(one!, other!) : compareText(one ?? '', other ?? '');
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Numbers of any length. */
function compareNumbers(a: string, b: string): number {
  const [left, right] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  return left.length - right.length || compareText(left, right);
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
