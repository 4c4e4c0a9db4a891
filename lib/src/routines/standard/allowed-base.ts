/** What images of the house are built on. */
export const allowedBase = String.raw`
  - name: allowed-base
    title: Built on an allowed base
    description: >-
      The base that the image names (org.opencontainers.image.base.name) is an allowed one; a * at the end stands for anything. The name
      is the builder's word and no proof: custody-complete proves it.
    parameters:
      bases:
        type: strings
        description: names of base images, as the builder writes them
        tightens: fewer
        default: []
      unnamed:
        type: string
        description: whether an image that names no base passes
        choices: [pass, fail]
        tightens: up
        default: fail
    expression: >-
      has(image.base.name) ? params.bases.exists(b,
      b.endsWith("*") ? image.base.name.startsWith(b.substring(0, size(b) - 1)) : image.base.name == b) :
      params.unnamed == "pass"
    message: >-
      has(image.base.name) ? "is built on " + image.base.name + ", which is not allowed" : "does not say what it is built on"
    remedy: build it on one of the allowed bases, and let the builder record org.opencontainers.image.base.name
    tests:
      - name: allowed
        facts: { image: { base: { name: 'registry.example/base/node:22' } } }
        parameters: { bases: ['registry.example/base/*'] }
        expect: pass
      - name: another
        facts: { image: { base: { name: 'docker.io/library/node:22' } } }
        parameters: { bases: ['registry.example/base/*'] }
        expect: fail
        message: is built on docker.io/library/node:22, which is not allowed
      - name: not named
        facts: {}
        expect: fail
        message: does not say what it is built on
      - name: not named, which may pass
        facts: {}
        parameters: { unnamed: pass }
        expect: pass
`;
