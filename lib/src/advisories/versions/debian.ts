import { WharfingerError } from '../../errors.ts';

const shape = /^(?:([0-9]{1,9}):)?([0-9A-Za-z.+~:-]+)$/;
const longest = 512;
const tilde = 126;
const zero = 48;
const nine = 57;

interface DebianVersion {
  readonly epoch: number;
  readonly upstream: string;
  readonly revision: string;
}

/**
 * Orders two versions as dpkg does (deb-version(7)): epoch, then upstream version, then revision.
 *
 * @returns negative, zero or positive
 * @throws WharfingerError VERSION_INVALID
 */
export function compareDebian(a: string, b: string): number {
  if (a === b) return 0;
  const left = parse(a);
  const right = parse(b);
  return (
    left.epoch - right.epoch ||
    comparePart(left.upstream, right.upstream) ||
    comparePart(left.revision, right.revision)
  );
}

/** What was read lately: one version is compared with many, and bounds of advisories are compared again and again. */
const known = new Map<string, DebianVersion>();
const mostKnown = 4096;

function parse(version: string): DebianVersion {
  let parsed = known.get(version);
  if (parsed === undefined) {
    parsed = read(version);
    if (known.size >= mostKnown) known.clear();
    known.set(version, parsed);
  }
  return parsed;
}

function read(version: string): DebianVersion {
  const found = version.length > longest ? null : shape.exec(version);
  const rest = found?.[2];
  if (rest === undefined || (found?.[1] === undefined && rest.includes(':'))) {
    throw new WharfingerError('VERSION_INVALID', {
      what: `${JSON.stringify(version.slice(0, 200))} is not a Debian version`,
    });
  }
  const dash = rest.lastIndexOf('-');
  return {
    epoch: Number(found?.[1] ?? 0),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? '' : rest.slice(dash + 1),
  };
}

/** A tilde sorts before the end, the end before letters, letters before all else; digits end a run like the end does. */
function weight(code: number): number {
  if (code === tilde) return -1;
  if (Number.isNaN(code) || isDigit(code)) return 0;
  return isLetter(code) ? code : code + 256;
}

function isDigit(code: number): boolean {
  return code >= zero && code <= nine;
}

function isLetter(code: number): boolean {
  return (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
}

/** Runs without digits are compared by weight, runs of digits as numbers of any length, in turns. */
function comparePart(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    for (;;) {
      const x = a.charCodeAt(i);
      const y = b.charCodeAt(j);
      const leftEnds = Number.isNaN(x) || isDigit(x);
      const rightEnds = Number.isNaN(y) || isDigit(y);
      if (leftEnds && rightEnds) break;
      const difference = weight(x) - weight(y);
      if (difference !== 0) return difference;
      i += 1;
      j += 1;
    }
    while (a.charCodeAt(i) === zero) i += 1;
    while (b.charCodeAt(j) === zero) j += 1;
    let first = 0;
    for (;;) {
      const x = a.charCodeAt(i);
      const y = b.charCodeAt(j);
      const leftHas = isDigit(x);
      const rightHas = isDigit(y);
      if (!leftHas || !rightHas) {
        // The longer run of digits is the larger number; of equally long ones the first difference decides.
        if (leftHas !== rightHas) return leftHas ? 1 : -1;
        break;
      }
      if (first === 0) first = x - y;
      i += 1;
      j += 1;
    }
    if (first !== 0) return first;
  }
  return 0;
}
