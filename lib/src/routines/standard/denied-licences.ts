/** Licences that a house does not want. */
export const deniedLicences = String.raw`
  - name: denied-licences
    title: No denied licence
    description: >-
      No package is under a denied licence, with an exception or without. Where there is a choice (A OR B) one licence that is not
      denied is enough. What is not known of a licence passes: allowed-licences asks for that.
    needs: [inventory]
    parameters:
      denied:
        type: strings
        description: SPDX identifiers
        tightens: more
        default: [AGPL-3.0-only, AGPL-3.0-or-later, SSPL-1.0, BUSL-1.1, Elastic-2.0]
    variables:
      bad: >-
        inventory.licences.filter(r, r.choices.all(c, params.denied.containsAny(c.licences) || params.denied.containsAny(c.without)))
    expression: size(bad) == 0
    message: >-
      bad[0].packages[0] + " is under " + (has(bad[0].spdx) ? bad[0].spdx : bad[0].choices[0].licences.join(" AND ")) +
      (size(bad) == 1 && size(bad[0].packages) == 1 ? "" : "; and there are more that are denied")
    details: >-
      bad.map(r, r.packages.join(", ") + ": " + (has(r.spdx) ? r.spdx : r.choices[0].licences.join(" AND ")))
    remedy: replace the packages named
    tests:
      - name: others
        facts: { inventory: { licences: [{ choices: [{ licences: [MIT] }] }, { choices: [{ licences: [] }] }] } }
        expect: pass
      - name: denied
        facts: { inventory: { licences: [{ spdx: SSPL-1.0, choices: [{ licences: [SSPL-1.0] }], packages: [deb mongo 3.0.1] }] } }
        expect: fail
        message: deb mongo 3.0.1 is under SSPL-1.0
      - name: denied together with another that is not known
        facts: { inventory: { licences: [{ unknown: [BSD], choices: [{ licences: [SSPL-1.0, BSD] }] }] } }
        expect: fail
      - name: a choice
        facts: { inventory: { licences: [{ choices: [{ licences: [SSPL-1.0] }, { licences: [MIT] }] }] } }
        expect: pass
      - name: a choice between denied ones
        facts: { inventory: { licences: [{ choices: [{ licences: [SSPL-1.0] }, { licences: [BUSL-1.1] }] }] } }
        expect: fail
      - name: an exception to what is denied
        facts: { inventory: { licences: [{ choices: [{ licences: [GPL-2.0-only WITH Classpath-exception-2.0], without: [GPL-2.0-only] }] }] } }
        parameters: { denied: [GPL-2.0-only] }
        expect: fail
      - name: not inspected yet
        facts: { inventory: null }
        expect: undecided
`;
