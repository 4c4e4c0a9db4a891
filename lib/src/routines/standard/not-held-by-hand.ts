/** A person's word counts before everything that was computed. */
export const notHeldByHand = String.raw`
  - name: not-held-by-hand
    title: Not held by hand
    description: Nobody with the right to do so has put the image on hold.
    appliesTo: [image, index, signature, attestation, sbom, chart, artifact]
    expression: '!has(facts.held)'
    message: '"held by " + held.by + " since " + string(held.at) + ": " + held.reason'
    remedy: ask the person named; who has the right ends the hold with wharf release
    tests:
      - name: nobody holds it
        facts: {}
        expect: pass
      - name: who, when and why
        facts: { held: { by: alice, at: '2025-12-24T18:00:00Z', reason: customer reports a crash } }
        expect: fail
        message: 'held by alice since 2025-12-24T18:00:00Z: customer reports a crash'
      - name: whatever kind it is
        facts: { image: { kind: chart }, held: { by: alice } }
        expect: fail
        message: held by alice
      - name: decided before anything else is known
        facts: { image: { kind: null }, inventory: null, findings: null, signatures: null, held: { by: bob } }
        expect: fail
        message: held by bob
`;
