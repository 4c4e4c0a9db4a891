/** Licences that a house does not want. */
export const deniedLicences = String.raw`
  - name: denied-licences
    title: No denied licence
    description: >-
      No package is under a denied licence. Where there is a choice (A OR B) one licence that is not denied is enough. What
      says no licence passes: allowed-licences asks for that.
    needs: [inventory]
    parameters:
      denied:
        type: strings
        description: SPDX identifiers
        tightens: more
        default: [AGPL-3.0-only, AGPL-3.0-or-later, SSPL-1.0, BUSL-1.1, Elastic-2.0]
    variables:
      told: inventory.packages.filter(p, has(p.licence))
      mentioning: >-
        told.filter(p, !p.licence.contains(" ") ? p.licence in params.denied : p.licence.replace("(", "").replace(")", "").replace(" OR ", " AND ").split(" AND ")
        .exists(l, l in params.denied))
      bad: >-
        mentioning.filter(p, p.licence.contains("(") || p.licence.contains(" AND ") ||
        !p.licence.split(" OR ").exists(l, !(l in params.denied)))
    expression: size(bad) == 0
    message: >-
      bad[0].name + " " + bad[0].version + " is under " + bad[0].licence +
      (size(bad) == 1 ? "" : "; and " + string(size(bad) - 1) + " more are denied")
    details: 'bad.map(p, p.type + " " + p.name + " " + p.version + ": " + p.licence)'
    remedy: replace the packages named
    tests:
      - name: others
        facts: { inventory: { packages: [{ licence: MIT }, {}] } }
        expect: pass
      - name: denied
        facts: { inventory: { packages: [{ name: mongo, licence: SSPL-1.0 }] } }
        expect: fail
        message: mongo 3.0.1 is under SSPL-1.0
      - name: denied together with another
        facts: { inventory: { packages: [{ licence: MIT AND SSPL-1.0 }] } }
        expect: fail
      - name: a choice
        facts: { inventory: { packages: [{ licence: SSPL-1.0 OR MIT }] } }
        expect: pass
      - name: a choice between denied ones
        facts: { inventory: { packages: [{ licence: SSPL-1.0 OR BUSL-1.1 }] } }
        expect: fail
      - name: parentheses hide nothing
        facts: { inventory: { packages: [{ licence: (MIT OR ISC) AND SSPL-1.0 }] } }
        expect: fail
      - name: not inspected yet
        facts: { inventory: null }
        expect: undecided
`;
