import type { Digest } from '../oci/digest.ts';
import type { ProbeDeclaration } from './declaration.ts';
import type { ProbeOutcome } from './result.ts';

/** A run, as it is stated. */
export interface ProbeRun {
  /** digest of the manifest of the probe: what ran, whatever it is called */
  readonly probe: Digest;
  readonly declaration: Pick<ProbeDeclaration, 'name' | 'version' | 'mediaType' | 'schemaDigest'>;
  readonly outcome: ProbeOutcome;
  /** when it began */
  readonly at: Date;
}

/** What is signed of a run about the image that is the subject of the statement. */
export function probePredicate({ probe, declaration, outcome, at }: ProbeRun): object {
  const { name, version, mediaType, schemaDigest } = declaration;
  return { name, version, probe, mediaType, schema: schemaDigest, at: at.toISOString(), ...outcome };
}
