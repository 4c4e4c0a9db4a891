/** That no vulnerability was found says nothing of packages that no advisory is about. */
export const advisoriesKnown = String.raw`
  - name: advisories-known
    title: There are advisories for its packages
    description: >-
      For each ecosystem that the packages belong to (Debian:12, npm, Go …) advisories were imported. Without them no
      vulnerability can be found, which is not the same as that there is none.
    needs: [advisories]
    expression: size(advisories.uncovered) == 0
    message: '"no advisories about " + advisories.uncovered.join(", ") + " were imported, so nothing was looked for there"'
    remedy: import advisories for these ecosystems (wharf advisories import)
    tests:
      - name: all are covered
        facts: {}
        expect: pass
      - name: some are not
        facts: { advisories: { uncovered: [Go, npm] } }
        expect: fail
        message: no advisories about Go, npm were imported
      - name: not matched yet
        facts: { advisories: null }
        expect: undecided
        message: not checked yet
      - name: a chart
        facts: { image: { kind: chart }, advisories: null }
        expect: skipped
`;
