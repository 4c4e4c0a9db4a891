import type { RoutineResult } from '@wharfinger/lib/routines/evaluate-routine';
import type { Remembered } from '@wharfinger/lib/routines/remembered-results';
import type { Reason, Verdict } from '@wharfinger/lib/routines/verdict';
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { factsShape, type Shape } from '@wharfinger/lib/routines/fact-shape';

/** A result as it is kept beside its verdict: key, state, until when it holds (0: always), and its binding where it gives a reason. */
type Kept = readonly [key: string, state: RoutineResult['state'], until: string | 0, binding?: string];

interface Document {
  /** the program that made them (`madeHere`): results of another one count for nothing */
  readonly shape: string;
  readonly results: readonly Kept[];
}

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

/**
 * Version of this program, and what its facts are made of. Another version may make other facts of the same image, or understand an
 * expression otherwise: what an older one got wrong must not stay because nothing else has changed.
 */
const madeHere = `${version} ${digestOfShape(factsShape)}`;

/** Tells one shape from another, by every name and kind in it. */
export function digestOfShape(of: Shape): string {
  return hash('sha256', JSON.stringify(plainShape(of)), 'base64url');
}

function plainShape(of: Shape): unknown {
  if (of.kind === 'list') return [plainShape(of.of)];
  if (of.kind === 'by-name') return { of: plainShape(of.of) };
  if (of.kind !== 'record') return of.kind;
  return [...of.fields].map(([name, field]) => [name, plainShape(field)]);
}

/**
 * What the routines of a verdict said, by digests of what they read, as text to be kept beside it. What one said that did
 * not pass is in the verdict itself.
 */
export function serialiseResults(
  verdict: Verdict,
  results: ReadonlyMap<string, { readonly result: RoutineResult; readonly binding: string }>,
): string {
  const told = reasonsOf(verdict);
  const kept: Kept[] = [];
  for (const [key, { result, binding }] of results) {
    const until = result.validUntil ?? 0;
    if (result.state === 'passed' || result.state === 'skipped') kept.push([key, result.state, until]);
    else if (told.get(binding)?.state === result.state) kept.push([key, result.state, until, binding]);
  }
  return JSON.stringify({ shape: madeHere, results: kept } satisfies Document);
}

/** The same again; undefined: they were kept by another version of this program. */
export function parseResults(verdict: Verdict, text: string): Map<string, Remembered> | undefined {
  const document = JSON.parse(text) as Document;
  if (document.shape !== madeHere) return undefined;
  const told = reasonsOf(verdict);
  const at = Date.parse(verdict.at);
  const known = new Map<string, Remembered>();
  for (const [key, state, until, binding] of document.results) {
    const validity = until === 0 ? {} : { validUntil: until };
    const reason = binding === undefined ? undefined : told.get(binding);
    if (state === 'passed' || state === 'skipped') known.set(key, { result: { state, ...validity }, at });
    else if (reason) {
      const { message, details, more, remedy } = reason;
      known.set(key, { result: { state, message, details, more, remedy, ...validity }, at });
    }
  }
  return known;
}

/** Reasons by their bindings; those of which there are two are left out. */
function reasonsOf({ reasons, waived = [] }: Verdict): ReadonlyMap<string, Reason> {
  const whole = waived.filter(({ advisories }) => advisories === undefined);
  const byBinding = Map.groupBy([...reasons, ...whole], ({ binding }) => binding);
  return new Map([...byBinding].flatMap(([id, found]) => (found.length === 1 ? [[id, found[0]!]] : [])));
}
