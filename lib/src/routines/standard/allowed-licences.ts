/** Licences under which its packages may be used. */
export const allowedLicences = String.raw`
  - name: allowed-licences
    title: Only allowed licences
    description: >-
      Every package says its licence, and it is an allowed one. Of alternatives (A OR B) one must be allowed, of licences that
      hold together (A AND B) all; an expression with parentheses counts as if all of its licences held together. Debian's
      packages do not say their licence where it can be read: what that counts as is the parameter unknown.
    needs: [inventory]
    parameters:
      allowed:
        type: strings
        description: SPDX identifiers, or whole expressions
        tightens: fewer
        default: [MIT, Apache-2.0, BSD-2-Clause, BSD-3-Clause, ISC, 0BSD, Zlib, Unlicense, CC0-1.0, PSF-2.0]
      unknown:
        type: string
        description: whether a package that says no licence passes
        choices: [pass, fail]
        tightens: up
        default: fail
    variables:
      told: inventory.packages.filter(p, has(p.licence))
      untold: 'params.unknown == "pass" ? [] : inventory.packages.filter(p, !has(p.licence))'
      refused: >-
        told.filter(p, !(p.licence in params.allowed) && (p.licence.contains(" OR ") && !p.licence.contains("(") ?
        !p.licence.split(" OR ").exists(l, l in params.allowed) :
        !p.licence.replace("(", "").replace(")", "").replace(" OR ", " AND ").split(" AND ").all(l, l in params.allowed)))
    expression: size(refused) == 0 && size(untold) == 0
    message: >-
      size(refused) > 0 ? refused[0].name + " " + refused[0].version + " is under " + refused[0].licence +
      (size(refused) == 1 ? "" : "; and " + string(size(refused) - 1) + " more are not allowed") :
      "the licence of " + untold[0].name + " " + untold[0].version + " is not known" +
      (size(untold) == 1 ? "" : "; and that of " + string(size(untold) - 1) + " more")
    details: >-
      refused.map(p, p.type + " " + p.name + " " + p.version + ": " + p.licence) +
      untold.map(p, p.type + " " + p.name + " " + p.version + ": not known")
    remedy: replace the packages named, or have their licence allowed
    tests:
      - name: allowed
        facts: { inventory: { packages: [{ licence: MIT }, { licence: Apache-2.0 AND MIT }] } }
        expect: pass
      - name: not allowed
        facts: { inventory: { packages: [{ name: readline, licence: GPL-3.0-or-later }] } }
        expect: fail
        message: readline 3.0.1 is under GPL-3.0-or-later
      - name: one of two alternatives
        facts: { inventory: { packages: [{ licence: GPL-2.0-only OR MIT }] } }
        expect: pass
      - name: both of two together
        facts: { inventory: { packages: [{ licence: GPL-2.0-only AND MIT }] } }
        expect: fail
      - name: parentheses hide nothing
        facts: { inventory: { packages: [{ licence: (MIT OR GPL-2.0-only) AND SSPL-1.0 }] } }
        expect: fail
      - name: not known
        facts: { inventory: { packages: [{}] } }
        expect: fail
        message: the licence of openssl 3.0.1 is not known
      - name: not known, which may pass
        facts: { inventory: { packages: [{}] } }
        parameters: { unknown: pass }
        expect: pass
      - name: not inspected yet
        facts: { inventory: null }
        expect: undecided
`;
