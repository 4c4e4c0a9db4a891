import { parseStrictJson } from '../oci/strict-json.ts';
import type { ProbeDeclaration } from './declaration.ts';
import { mistakeInResult } from './result-schema.ts';

/** What a probe found, as plain data within its schema. */
export type ProbeResult = Readonly<Record<string, unknown>>;

/** How a run ended: with a result that fits the schema, or with the reason why there is none. */
export type ProbeOutcome =
  | { readonly complete: true; readonly result: ProbeResult }
  | { readonly complete: false; readonly problem: string };

class Unreadable extends Error {}

/**
 * Reads what a probe wrote: one JSON document, read as strictly as signed ones, which is what the probe declares. Anything else is
 * no result. Which image it is about is never taken from what it wrote.
 */
export function readProbeOutput(output: Uint8Array, { schema }: ProbeDeclaration): ProbeOutcome {
  let value: unknown;
  try {
    value = parseStrictJson(output, (what) => {
      throw new Unreadable(what);
    });
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { complete: false, problem: `its output cannot be read: ${error.message.slice(0, 200)}` };
  }
  const mistake = mistakeInResult(value, schema);
  if (mistake !== undefined)
    return { complete: false, problem: `its output is not what it declares: ${mistake.slice(0, 300)}` };
  return { complete: true, result: value as ProbeResult };
}
