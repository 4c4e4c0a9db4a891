/** What people look for when something is wrong with an image. */
export const requiredLabels = String.raw`
  - name: required-labels
    title: Says where it comes from
    description: Each label named is there with a value, as a label of the configuration or an annotation of the manifest.
    needs: [config]
    parameters:
      labels:
        type: strings
        description: labels that must be there
        tightens: more
        default: [org.opencontainers.image.source, org.opencontainers.image.revision]
    variables:
      missing: >-
        params.labels.filter(l, !(l in image.config.labels && image.config.labels[l] != "") &&
        !(l in image.annotations && image.annotations[l] != ""))
    expression: size(missing) == 0
    message: '"lacks the label " + missing.join(", ")'
    remedy: 'add the labels when it is built, such as docker build --label org.opencontainers.image.source=…'
    tests:
      - name: all there
        facts:
          image:
            config: { labels: { org.opencontainers.image.source: 'https://git.example/app' } }
            annotations: { org.opencontainers.image.revision: 4f1c }
        expect: pass
      - name: none
        facts: {}
        expect: fail
        message: lacks the label org.opencontainers.image.source, org.opencontainers.image.revision
      - name: an empty one
        facts: { image: { config: { labels: { team: '' } } } }
        parameters: { labels: [team] }
        expect: fail
        message: lacks the label team
      - name: no configuration
        facts: { image: { config: null } }
        expect: undecided
`;
