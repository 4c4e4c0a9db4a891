import { createHash } from 'node:crypto';
import type { Advisory, Affected } from './advisory.ts';

/**
 * A digest of what decides a match: packages, versions, ranges, whether it is withdrawn or malicious. As long as it stays the
 * same nothing needs to be matched again. The order of packages, ranges and versions in a record does not count.
 */
export function matchHash(advisory: Advisory): string {
  return hash([
    advisory.affected.map(matchPart).sort(),
    advisory.withdrawn !== undefined,
    advisory.malicious,
  ]);
}

/**
 * A digest of what weighs in a verdict besides the match: severity, score, aliases, time of publication. Where it changes,
 * verdicts about images with this finding are judged again, but nothing is matched.
 */
export function weightHash(advisory: Advisory): string {
  return hash([
    advisory.severity,
    advisory.score ?? null,
    advisory.published ?? null,
    [...advisory.aliases].sort(),
    advisory.affected.map((item) => `${item.ecosystem}\n${item.name}\n${item.severity ?? ''}`).sort(),
  ]);
}

/** A digest of what people only read: an edit of it causes no work but the refreshing of views. */
export function displayHash(advisory: Advisory): string {
  return hash([advisory.summary, advisory.references, advisory.modified ?? null, advisory.withdrawn ?? null]);
}

function matchPart(affected: Affected): string {
  return JSON.stringify([
    affected.ecosystem,
    affected.name,
    [...affected.versions].sort(),
    affected.ranges.map((range) => JSON.stringify([range.type, range.events])).sort(),
  ]);
}

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
