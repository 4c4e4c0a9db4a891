import { refuse } from '../../signing/refusal.ts';
import type { Fields } from '../../signing/strict-fields.ts';
import { documentOf, optionalList, textOf } from './predicate-fields.ts';

/** What an SBOM is, and how many packages it names. */
export interface SbomSummary {
  readonly format: 'spdx' | 'cyclonedx';
  readonly components: number;
}

/**
 * Reads an SPDX document, version 2 (spdx.github.io/spdx-spec/v2.3): JSON, or as one text of tags and values, which is what
 * `cosign attest --type spdx` makes of any file. Refuses by `refuse`.
 */
export function readSpdx(predicate: unknown): SbomSummary {
  if (typeof predicate === 'string' && !predicate.trimStart().startsWith('{')) return readTagged(predicate);
  const fields = documentOf(
    typeof predicate === 'string' ? { Data: predicate } : predicate,
    'the SPDX document',
  );
  const version = textOf(fields['spdxVersion'], 'spdxVersion');
  if (!version.startsWith('SPDX-2.')) refuse(`it is ${JSON.stringify(version.slice(0, 40))}, not SPDX 2`);
  return { format: 'spdx', components: optionalList(fields['packages'], 'packages').length };
}

function readTagged(text: string): SbomSummary {
  if (!/^SPDXVersion: SPDX-2\.\d/m.test(text)) refuse('it is not SPDX 2');
  return { format: 'spdx', components: (text.match(/^PackageName:/gm) ?? []).length };
}

/** The document of a CycloneDX predicate. Refuses by `refuse`. */
export function cycloneDxOf(predicate: unknown): Fields {
  const fields = documentOf(predicate, 'the CycloneDX document');
  if (fields['bomFormat'] !== 'CycloneDX') refuse('its bomFormat is not CycloneDX');
  if (!/^1\.\d{1,2}$/.test(textOf(fields['specVersion'], 'specVersion'))) refuse('it is not CycloneDX 1');
  return fields;
}

/** Counts the components of a CycloneDX document, those in others left out; undefined where it only speaks of vulnerabilities. */
export function readCycloneDxSbom(fields: Fields): SbomSummary | undefined {
  const components = optionalList(fields['components'], 'components').length;
  if (components === 0 && Array.isArray(fields['vulnerabilities'])) return undefined;
  return { format: 'cyclonedx', components };
}
