/** Any statement that a house asks for. */
export const attested = String.raw`
  - name: attested
    title: The demanded statements are there
    description: >-
      For each demanded type (predicateType of in-toto) there is a statement about this very digest by a signer that is trusted
      for such statements. What it says is not looked at.
    appliesTo: [image, index, chart, artifact]
    needs: [attestations]
    parameters:
      predicateTypes:
        type: strings
        description: types that must be there
        tightens: more
        default: ['https://slsa.dev/provenance/v1']
    variables:
      missing: params.predicateTypes.filter(t, !attestations.valid.exists(s, s.predicateType == t))
    expression: size(missing) == 0
    message: '"lacks a statement that counts of type " + missing.join(", ")'
    details: 'attestations.refused.map(statement, statement.evidence + ": " + statement.reason)'
    remedy: attest what is missing with a key that is trusted for attestations (wharf attest)
    tests:
      - name: it is there
        facts: { attestations: { valid: [{}] } }
        expect: pass
      - name: another one is there
        facts: { attestations: { valid: [{}] } }
        parameters: { predicateTypes: ['https://slsa.dev/provenance/v1', 'https://spdx.dev/Document'] }
        expect: fail
        message: of type https://spdx.dev/Document
      - name: not looked up
        facts: { attestations: null }
        expect: undecided
      - name: a statement that does not verify
        facts: { attestations: { refused: [{ reason: the key is revoked }] } }
        expect: fail
        message: the key is revoked
`;
