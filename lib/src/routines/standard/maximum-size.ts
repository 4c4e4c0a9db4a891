/** What every node has to fetch. */
export const maximumSize = String.raw`
  - name: maximum-size
    title: Not too large
    description: Manifest, configuration and layers together, as they are transferred, are not larger than allowed.
    appliesTo: [image, chart, artifact]
    parameters:
      megabytes:
        type: integer
        description: how many megabytes (of a million bytes) it may have
        minimum: 1
        tightens: down
        default: 1000
    expression: image.size <= params.megabytes * 1000000
    message: >-
      "is " + string((image.size + 999999) / 1000000) + " MB large, more than " + string(params.megabytes) + " MB"
    remedy: build it on a smaller base, and leave out what only the build needs
    tests:
      - name: small
        facts: {}
        expect: pass
      - name: exactly as large as it may be
        facts: { image: { size: 5000000 } }
        parameters: { megabytes: 5 }
        expect: pass
      - name: a byte more
        facts: { image: { size: 5000001 } }
        parameters: { megabytes: 5 }
        expect: fail
        message: is 6 MB large, more than 5 MB
      - name: a signature
        facts: { image: { kind: signature, size: 5000000000 } }
        expect: skipped
`;
