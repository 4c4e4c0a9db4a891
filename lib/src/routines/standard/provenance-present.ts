/** Where an image comes from, said by somebody who is trusted to say so. */
export const provenancePresent = String.raw`
  - name: provenance-present
    title: There is provenance
    description: >-
      A SLSA provenance about this very digest is signed by a signer that is trusted for such statements.
    needs: [attestations]
    expression: size(attestations.provenance) > 0
    message: >-
      size(attestations.refused) == 0 ? "nobody who is trusted says how it was built" :
      "nobody who is trusted says how it was built; a statement was found that does not count: " +
      attestations.refused[0].reason
    details: 'attestations.refused.map(statement, statement.evidence + ": " + statement.reason)'
    remedy: have the builder attest SLSA provenance, signed with a key that is trusted for attestations
    tests:
      - name: provenance
        facts: { attestations: { provenance: [{}] } }
        expect: pass
      - name: none
        facts: {}
        expect: fail
        message: nobody who is trusted says how it was built
      - name: one that does not verify
        facts: { attestations: { refused: [{ reason: the key is revoked }] } }
        expect: fail
        message: 'does not count: the key is revoked'
      - name: not looked up
        facts: { attestations: null }
        expect: undecided
        message: not checked yet
`;
