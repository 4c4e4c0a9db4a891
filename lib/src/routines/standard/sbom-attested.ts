/** What is in it, signed by who put it in. */
export const sbomAttested = String.raw`
  - name: sbom-attested
    title: There is a signed bill of materials
    description: >-
      A bill of materials (SPDX or CycloneDX) about this very digest is signed by a signer that is trusted for such
      statements, and lists at least one component.
    needs: [attestations]
    parameters:
      formats:
        type: strings
        description: formats that count
        tightens: fewer
        default: [spdx, cyclonedx]
    expression: attestations.sboms.exists(s, s.format in params.formats && s.components > 0)
    message: >-
      size(attestations.sboms) == 0 ? "has no signed bill of materials" :
      attestations.sboms.exists(s, s.format in params.formats) ? "its bill of materials lists nothing" :
      "its bill of materials is " + attestations.sboms[0].format + ", not " + params.formats.join(" or ")
    remedy: attest a bill of materials when it is built (wharf sbom makes one)
    tests:
      - name: SPDX
        facts: { attestations: { sboms: [{}] } }
        expect: pass
      - name: none
        facts: {}
        expect: fail
        message: has no signed bill of materials
      - name: an empty one
        facts: { attestations: { sboms: [{ components: 0 }] } }
        expect: fail
        message: lists nothing
      - name: another format
        facts: { attestations: { sboms: [{ format: cyclonedx }] } }
        parameters: { formats: [spdx] }
        expect: fail
        message: is cyclonedx, not spdx
      - name: not looked up
        facts: { attestations: null }
        expect: undecided
`;
