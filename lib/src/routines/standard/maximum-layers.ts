/** Engines have a limit, and people lose count. */
export const maximumLayers = String.raw`
  - name: maximum-layers
    title: Not too many layers
    description: The image has no more layers than allowed.
    parameters:
      layers:
        type: integer
        description: how many layers it may have
        minimum: 1
        maximum: 1000
        tightens: down
        default: 60
    expression: size(image.layers) <= params.layers
    message: '"has " + string(size(image.layers)) + " layers, more than " + string(params.layers)'
    remedy: put steps of the Dockerfile together
    tests:
      - name: few
        facts: {}
        expect: pass
      - name: as many as may be
        facts: { image: { layers: [{}, {}] } }
        parameters: { layers: 2 }
        expect: pass
      - name: one more
        facts: { image: { layers: [{}, {}, {}] } }
        parameters: { layers: 2 }
        expect: fail
        message: has 3 layers, more than 2
      - name: an index
        facts: { image: { kind: index } }
        expect: skipped
`;
