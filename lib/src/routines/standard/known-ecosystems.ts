/** Kinds of packages that a house wants. */
export const knownEcosystems = String.raw`
  - name: known-ecosystems
    title: Only expected kinds of packages
    description: All packages are of the kinds named, such as those of one programming language and one distribution.
    needs: [inventory]
    parameters:
      types:
        type: strings
        description: kinds of packages, as package URLs have them
        tightens: fewer
        default: [deb, apk, npm, golang]
    variables:
      strange: inventory.packages.filter(p, !(p.type in params.types))
    expression: size(strange) == 0
    message: >-
      "has " + string(size(strange)) + " packages of other kinds, the first is " + strange[0].type + " " + strange[0].name
    details: 'strange.map(p, p.type + " " + p.name + " " + p.version)'
    remedy: remove what does not belong there
    tests:
      - name: expected
        facts: { inventory: { packages: [{}, { type: npm }] } }
        expect: pass
      - name: another
        facts: { inventory: { packages: [{}, { type: npm, name: left-pad }] } }
        parameters: { types: [deb] }
        expect: fail
        message: has 1 packages of other kinds, the first is npm left-pad
      - name: not inspected yet
        facts: { inventory: null }
        expect: undecided
      - name: a chart
        facts: { image: { kind: chart } }
        expect: skipped
`;
