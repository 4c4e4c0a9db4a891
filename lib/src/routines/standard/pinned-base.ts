/** What a later build of the same Dockerfile would be made from. */
export const pinnedBase = String.raw`
  - name: pinned-base
    title: The base image is pinned
    description: >-
      Where the image names its base (org.opencontainers.image.base.name, in an annotation or a label), it names it
      with its digest (org.opencontainers.image.base.digest, or in the name). An image that names no base passes: most
      builders write none.
    expression: >-
      !has(image.base.name) || has(image.base.digest) || image.base.name.matches("@sha(256|512):[0-9a-f]{64}")
    message: '"its base image " + image.base.name + " is named without a digest"'
    remedy: >-
      write FROM name@sha256:… (wharf pin does it), or let the builder record org.opencontainers.image.base.digest
    tests:
      - name: no base named
        facts: {}
        expect: pass
      - name: name and digest
        facts: { image: { base: { name: 'docker.io/library/debian:12', digest: 'sha256:aaaa' } } }
        expect: pass
      - name: the digest in the name
        facts:
          image:
            base:
              name: debian@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
        expect: pass
      - name: a tag alone
        facts: { image: { base: { name: 'docker.io/library/debian:12' } } }
        expect: fail
        message: its base image docker.io/library/debian:12 is named without a digest
      - name: a signature
        facts: { image: { kind: signature, base: { name: debian } } }
        expect: skipped
`;
