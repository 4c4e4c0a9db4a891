/** Code in the image, data elsewhere. */
export const noDataVolumes = String.raw`
  - name: no-data-volumes
    title: Declares no volumes
    description: >-
      The configuration declares no volumes (VOLUME in a Dockerfile), but for those allowed. A declared volume makes each container
      leave data behind that nobody knows of, and hides what later layers put there.
    needs: [config]
    parameters:
      allowed:
        type: strings
        description: paths that may be volumes
        tightens: fewer
        default: []
    variables:
      found: image.config.volumes.filter(v, !(v in params.allowed))
    expression: size(found) == 0
    message: '"declares the volume " + found.join(", ")'
    remedy: take the VOLUME line out of the Dockerfile, and mount what is needed where the container is started
    tests:
      - name: none
        facts: {}
        expect: pass
      - name: one
        facts: { image: { config: { volumes: [/var/lib/data] } } }
        expect: fail
        message: declares the volume /var/lib/data
      - name: one that may be
        facts: { image: { config: { volumes: [/tmp] } } }
        parameters: { allowed: [/tmp] }
        expect: pass
      - name: no configuration
        facts: { image: { config: null } }
        expect: undecided
`;
