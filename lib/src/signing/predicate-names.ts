/** Names that `cosign attest --type` has for types of predicates, and `csaf`, which is ours. Any other is a URI. */
export const predicateNames: Readonly<Record<string, string>> = {
  slsaprovenance: 'https://slsa.dev/provenance/v0.2',
  slsaprovenance02: 'https://slsa.dev/provenance/v0.2',
  slsaprovenance1: 'https://slsa.dev/provenance/v1',
  spdxjson: 'https://spdx.dev/Document',
  cyclonedx: 'https://cyclonedx.org/bom',
  openvex: 'https://openvex.dev/ns',
  csaf: 'https://docs.oasis-open.org/csaf/csaf/v2.0/csaf_json_schema.json',
  vuln: 'https://cosign.sigstore.dev/attestation/vuln/v1',
  custom: 'https://cosign.sigstore.dev/attestation/v1',
};

/** Types of predicates that are SBOMs, by the format. */
export const sbomPredicateTypes = {
  cyclonedx: predicateNames['cyclonedx']!,
  spdx: predicateNames['spdxjson']!,
} as const;

/** A document as cosign wraps what it does not know the type of (sigstore/cosign, specs/COSIGN_PREDICATE_SPEC.md). */
export function customPredicate(document: string, at: Date): object {
  return { Data: document, Timestamp: at.toISOString().replace(/\.\d+Z$/, 'Z') };
}
