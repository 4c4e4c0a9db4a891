/** Licences under which its packages may be used. */
export const allowedLicences = String.raw`
  - name: allowed-licences
    title: Only allowed licences
    description: >-
      Every package is under a licence that is known, and it is an allowed one. Of alternatives (A OR B) one must be allowed, of
      licences that hold together (A AND B) all; one with an exception (A WITH B) is allowed where A is. What of a licence is not
      known can be allowed in its own words; what it counts as otherwise is the parameter unknown.
    needs: [inventory]
    parameters:
      allowed:
        type: strings
        description: SPDX identifiers, or whole expressions
        tightens: fewer
        default: [MIT, Apache-2.0, BSD-2-Clause, BSD-3-Clause, ISC, 0BSD, Zlib, Unlicense, CC0-1.0, PSF-2.0, LicenseRef-public-domain]
      unknown:
        type: string
        description: whether what is not known of a licence passes
        choices: [pass, fail]
        tightens: up
        default: fail
    variables:
      lenient: params.unknown == "pass"
      refused: >-
        inventory.licences.filter(r, !(has(r.spdx) && r.spdx in params.allowed) && !r.choices.exists(c,
        (lenient || size(c.licences) > 0) && ((lenient ? params.allowed + r.unknown : params.allowed).containsAll(c.licences) ||
        (size(c.without) == size(c.licences) &&
        (lenient ? params.allowed + r.unknown : params.allowed).containsAll(c.without)))))
    expression: size(refused) == 0
    message: >-
      (has(refused[0].spdx) ? refused[0].packages[0] + " is under " + refused[0].spdx :
      size(refused[0].unknown) > 0 ? "the licence of " + refused[0].packages[0] + " is not known whole: " + refused[0].unknown[0] :
      "the licence of " + refused[0].packages[0] + " is not known") +
      (size(refused) == 1 && size(refused[0].packages) == 1 ? "" : "; and there are more that are not allowed")
    details: >-
      refused.map(r, r.packages.join(", ") + ": " + (has(r.spdx) ? r.spdx : "not known" +
      (size(r.unknown) > 0 ? ": " + r.unknown.join(", ") : "")))
    remedy: replace the packages named, or have their licence allowed
    tests:
      - name: allowed
        facts: { inventory: { licences: [{ spdx: MIT, choices: [{ licences: [MIT] }] }] } }
        expect: pass
      - name: not allowed
        facts:
          inventory: { licences: [{ spdx: GPL-3.0-or-later, choices: [{ licences: [GPL-3.0-or-later] }], packages: [npm a 1.0] }] }
        expect: fail
        message: npm a 1.0 is under GPL-3.0-or-later
      - name: one of two alternatives
        facts: { inventory: { licences: [{ spdx: GPL-2.0-only OR MIT, choices: [{ licences: [GPL-2.0-only] }, { licences: [MIT] }] }] } }
        expect: pass
      - name: both of two together
        facts: { inventory: { licences: [{ spdx: GPL-2.0-only AND MIT, choices: [{ licences: [GPL-2.0-only, MIT] }] }] } }
        expect: fail
      - name: an exception to what is allowed
        facts: { inventory: { licences: [{ choices: [{ licences: [Apache-2.0 WITH LLVM-exception], without: [Apache-2.0] }] }] } }
        expect: pass
      - name: not known
        facts: { inventory: { licences: [{ from: nothing, choices: [{ licences: [] }], packages: [deb openssl 3.0.1] }] } }
        expect: fail
        message: the licence of deb openssl 3.0.1 is not known
      - name: not known, which may pass
        facts: { inventory: { licences: [{ from: nothing, choices: [{ licences: [] }] }] } }
        parameters: { unknown: pass }
        expect: pass
      - name: partly known
        facts: { inventory: { licences: [{ unknown: [BSD], choices: [{ licences: [MIT, BSD] }] }] } }
        expect: fail
      - name: partly known, and allowed in its own words
        facts: { inventory: { licences: [{ unknown: [BSD], choices: [{ licences: [MIT, BSD] }] }] } }
        parameters: { allowed: [MIT, BSD] }
        expect: pass
      - name: partly known, the rest not allowed
        facts: { inventory: { licences: [{ unknown: [BSD], choices: [{ licences: [GPL-2.0-only, BSD] }] }] } }
        parameters: { unknown: pass }
        expect: fail
      - name: not inspected yet
        facts: { inventory: null }
        expect: undecided
`;
