/** An image that cannot be pulled whole is served to nobody. */
export const partsPresent = String.raw`
  - name: parts-present
    title: All parts are present
    description: >-
      Configuration, layers and the manifests that an index points to are all in the repository. What is missing
      cannot have been checked.
    appliesTo: [image, index, signature, attestation, sbom, chart, artifact]
    expression: size(image.missing) == 0
    message: >-
      (size(image.missing) == 1 ? "a part is missing from the repository: " :
      string(size(image.missing)) + " parts are missing from the repository, the first is ") + image.missing[0]
    details: image.missing
    remedy: push the missing parts to this repository, or push the whole image again
    tests:
      - name: nothing missing
        facts: {}
        expect: pass
      - name: a layer is missing
        facts: { image: { missing: ['sha256:aaaa'] } }
        expect: fail
        message: 'a part is missing from the repository: sha256:aaaa'
      - name: two parts are missing
        facts: { image: { missing: ['sha256:aaaa', 'sha256:bbbb'] } }
        expect: fail
        message: 2 parts are missing from the repository, the first is sha256:aaaa
      - name: decided before anything else is known
        facts: { image: { kind: null, missing: ['sha256:aaaa'] }, inventory: null, findings: null, signatures: null }
        expect: fail
      - name: an index, too
        facts: { image: { kind: index, missing: ['sha256:aaaa'] } }
        expect: fail
`;
