/** Built where and from what the house builds. */
export const provenanceBuilder = String.raw`
  - name: provenance-builder
    title: Built by an allowed builder from an allowed source
    description: >-
      One provenance that counts names a builder and a source that are allowed. A * at the end of an allowed one stands for
      anything; * alone allows a provenance that names no source.
    needs: [attestations]
    parameters:
      builders:
        type: strings
        description: URIs of builders
        tightens: fewer
        default: []
      sources:
        type: strings
        description: URIs of sources
        tightens: fewer
        default: ['*']
    variables:
      built: >-
        attestations.provenance.filter(p, params.builders.exists(b,
        b.endsWith("*") ? p.builder.startsWith(b.substring(0, size(b) - 1)) : p.builder == b))
      good: >-
        built.filter(p, "*" in params.sources || has(p.source) && params.sources.exists(s,
        s.endsWith("*") ? p.source.startsWith(s.substring(0, size(s) - 1)) : p.source == s))
    expression: size(good) > 0
    message: >-
      size(params.builders) == 0 ? "no builder is allowed" :
      size(attestations.provenance) == 0 ? "nobody who is trusted says how it was built" :
      size(built) == 0 ? "built by " + attestations.provenance[0].builder + ", which is not allowed" :
      has(built[0].source) ? "built from " + built[0].source + ", which is not allowed" :
      "its provenance names no source"
    details: >-
      attestations.provenance.map(p, p.builder + (has(p.source) ? " from " + p.source : "") + ", says " + p.principal)
    remedy: build it with an allowed builder, from an allowed source
    tests:
      - name: as it should be
        facts: { attestations: { provenance: [{ builder: 'https://ci.example/builder', source: 'https://git.example/app' }] } }
        parameters: { builders: ['https://ci.example/*'], sources: ['https://git.example/app'] }
        expect: pass
      - name: another builder
        facts: { attestations: { provenance: [{ builder: 'https://ci.example.evil/' }] } }
        parameters: { builders: ['https://ci.example/*'] }
        expect: fail
        message: built by https://ci.example.evil/, which is not allowed
      - name: another source
        facts: { attestations: { provenance: [{ builder: b, source: 'https://git.evil/app' }] } }
        parameters: { builders: [b], sources: ['https://git.example/*'] }
        expect: fail
        message: built from https://git.evil/app, which is not allowed
      - name: builder of one, source of another
        facts: { attestations: { provenance: [{ builder: b, source: x }, { builder: c, source: s }] } }
        parameters: { builders: [b], sources: [s] }
        expect: fail
      - name: no source
        facts: { attestations: { provenance: [{ builder: b }] } }
        parameters: { builders: [b], sources: [s] }
        expect: fail
        message: its provenance names no source
      - name: any source
        facts: { attestations: { provenance: [{ builder: b }] } }
        parameters: { builders: [b] }
        expect: pass
      - name: no builder allowed
        facts: { attestations: { provenance: [{}] } }
        expect: fail
        message: no builder is allowed
      - name: not looked up
        facts: { attestations: null }
        expect: undecided
`;
