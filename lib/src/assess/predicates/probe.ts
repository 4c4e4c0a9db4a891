import { isDigest, type Digest } from '../../oci/digest.ts';
import type { ProbeFact } from '../../routines/facts/checks.ts';
import { parseTime } from '../../routines/time.ts';
import { refuse } from '../../signing/refusal.ts';
import { objectOf } from '../../signing/strict-fields.ts';
import { documentOf, textOf } from './predicate-fields.ts';

/** What a statement says that a probe found. */
export type ReadProbe = Omit<ProbeFact, 'by' | 'digest'> & { readonly name: string; readonly digest: Digest };

/** The same, with who says so. */
export type StatedProbe = ReadProbe & {
  /** name of the signer */
  readonly by: string;
  /** digest of the manifest that carries the statement */
  readonly evidence: string;
};

/** Levels of a result, by what schemas allow, and some more. */
const deepest = 16;

/**
 * Reads what a probe found. That it fits the schema of the probe was seen to by who ran it; here it is only made sure that a
 * result is something that routines can read, and that there is one exactly if the run is complete.
 *
 * @throws WharfingerError SIGNATURE_INVALID with the reason
 */
export function readProbe(predicate: unknown): ReadProbe {
  const fields = documentOf(predicate, 'the statement of a probe');
  const digest = textOf(fields['probe'], 'probe');
  if (!isDigest(digest)) return refuse('probe is no digest');
  const at = textOf(fields['at'], 'at');
  if (parseTime(at) === undefined) refuse('at is no time');
  const { complete } = fields;
  if (typeof complete !== 'boolean') return refuse('complete is neither true nor false');
  const read = {
    name: textOf(fields['name'], 'name'),
    version: textOf(fields['version'], 'version'),
    digest,
    at,
  };
  if (!complete) {
    if (fields['result'] !== undefined) refuse('it has a result, and is not complete');
    return { ...read, complete, problem: textOf(fields['problem'], 'problem') };
  }
  const result = objectOf(fields['result'], 'result');
  if (!Array.isArray(result['findings'])) refuse('the result has no list of findings');
  requirePlain(result, 0);
  return { ...read, complete, result };
}

function requirePlain(value: unknown, depth: number): void {
  if (depth > deepest) refuse(`the result is nested deeper than ${deepest} levels`);
  if (typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value)) return;
  if (typeof value !== 'object' || value === null)
    return refuse('the result holds null, or a number that is not whole');
  if (Object.hasOwn(value, '__proto__')) refuse('the result names a property __proto__');
  for (const part of Object.values(value)) requirePlain(part, depth + 1);
}
