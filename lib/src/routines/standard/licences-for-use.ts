/** Licences that fit what the image is used for. */
export const licencesForUse = String.raw`
  - name: licences-for-use
    title: Licences fit the use
    description: >-
      No package is under a licence of a kind that does not fit what the image is used for: within the house, serving others over a
      network, or handed to customers. The repository says which where the parameter use does not: what is external-facing is
      handed out, all else is internal. Where there is a choice (A OR B) one that fits is enough. Packages of a distribution stand
      beside the product, not in it, and their source can be had of the distribution: whether their copyleft counts is the
      parameter system.
    needs: [inventory, repository]
    parameters:
      use:
        type: string
        description: what the image is used for
        choices: [by-repository, internal, served, distributed]
        default: by-repository
      internal:
        type: strings
        description: kinds of licences that do not fit the use within the house
        tightens: more
        default: [non-commercial]
      served:
        type: strings
        description: kinds of licences that do not fit what serves others over a network
        tightens: more
        default: [non-commercial, network-copyleft, source-available]
      distributed:
        type: strings
        description: kinds of licences that do not fit what is handed to customers
        tightens: more
        default: [non-commercial, network-copyleft, source-available, strong-copyleft, proprietary]
      system:
        type: string
        description: whether packages of a distribution may be under strong copyleft whatever the use
        choices: [pass, fail]
        tightens: up
        default: pass
      accepted:
        type: strings
        description: licences that fit in any case, as SPDX identifiers or, where they are not known, in their own words
        tightens: fewer
        default: []
      unknown:
        type: string
        description: whether what is not known of a licence passes
        choices: [pass, fail]
        tightens: up
        default: fail
    variables:
      use: 'params.use != "by-repository" ? params.use : repository.externalFacing ? "distributed" : "internal"'
      unfit: 'use == "distributed" ? params.distributed : use == "served" ? params.served : params.internal'
      lenient: params.unknown == "pass"
      unfitBeside: 'params.system == "pass" ? unfit.filter(k, k != "strong-copyleft") : unfit'
      refused: >-
        inventory.licences.filter(r, !r.choices.exists(c,
        (size(c.licences) > 0 && params.accepted.containsAll(c.licences)) || (!(r.system ? unfitBeside : unfit).containsAny(c.categories) &&
        (lenient || !("unknown" in c.categories) || (size(r.unknown) > 0 && params.accepted.containsAll(r.unknown))))))
    expression: size(refused) == 0
    message: >-
      (has(refused[0].spdx) ? refused[0].packages[0] + " is under " + refused[0].spdx + " (" +
      refused[0].choices[0].categories.join(", ") + ")" :
      size(refused[0].unknown) > 0 ? "the licence of " + refused[0].packages[0] + " is not known whole: " + refused[0].unknown[0] :
      "the licence of " + refused[0].packages[0] + " is not known") + ", and the image is " +
      (use == "distributed" ? "handed to others" : use == "served" ? "served to others" : "used within the house") +
      (size(refused) == 1 && size(refused[0].packages) == 1 ? "" : "; and there are more that do not fit")
    details: >-
      refused.map(r, r.packages.join(", ") + ": " + (has(r.spdx) ? r.spdx + " asks for " + r.choices[0].obligations.join(", ") :
      "not known" + (size(r.unknown) > 0 ? ": " + r.unknown.join(", ") : "")))
    remedy: replace the packages named, or keep the image to a use that their licences fit
    tests:
      - name: permissive
        facts:
          repository: { externalFacing: true }
          inventory: { licences: [{ spdx: MIT, choices: [{ licences: [MIT], categories: [permissive] }] }] }
        expect: pass
      - name: network copyleft within the house
        facts:
          inventory: { licences: [{ spdx: AGPL-3.0-only, choices: [{ licences: [AGPL-3.0-only], categories: [network-copyleft] }] }] }
        expect: pass
      - name: network copyleft that customers get
        facts:
          repository: { externalFacing: true }
          inventory:
            licences:
              - spdx: AGPL-3.0-only
                choices: [{ licences: [AGPL-3.0-only], categories: [network-copyleft], obligations: [source] }]
                packages: [npm a 1.0]
        expect: fail
        message: npm a 1.0 is under AGPL-3.0-only (network-copyleft), and the image is handed to others
      - name: network copyleft that is served
        facts:
          inventory: { licences: [{ choices: [{ licences: [AGPL-3.0-only], categories: [network-copyleft] }] }] }
        parameters: { use: served }
        expect: fail
      - name: strong copyleft in the product
        facts:
          repository: { externalFacing: true }
          inventory: { licences: [{ choices: [{ licences: [GPL-3.0-only], categories: [strong-copyleft] }] }] }
        expect: fail
      - name: strong copyleft beside the product
        facts:
          repository: { externalFacing: true }
          inventory: { licences: [{ system: true, choices: [{ licences: [GPL-3.0-only], categories: [strong-copyleft] }] }] }
        expect: pass
      - name: a choice that fits
        facts:
          repository: { externalFacing: true }
          inventory:
            licences:
              - choices:
                  - { licences: [GPL-3.0-only], categories: [strong-copyleft] }
                  - { licences: [MIT], categories: [permissive] }
        expect: pass
      - name: accepted by name
        facts:
          repository: { externalFacing: true }
          inventory: { licences: [{ choices: [{ licences: [GPL-3.0-only], categories: [strong-copyleft] }] }] }
        parameters: { accepted: [GPL-3.0-only] }
        expect: pass
      - name: not known
        facts: { inventory: { licences: [{ choices: [{ licences: [], categories: [unknown] }], packages: [npm a 1.0] }] } }
        expect: fail
        message: the licence of npm a 1.0 is not known, and the image is used within the house
      - name: not known, which may pass
        facts: { inventory: { licences: [{ choices: [{ licences: [], categories: [unknown] }] }] } }
        parameters: { unknown: pass }
        expect: pass
      - name: what is not known is no excuse for what is
        facts:
          repository: { externalFacing: true }
          inventory:
            licences: [{ unknown: [BSD], choices: [{ licences: [SSPL-1.0, BSD], categories: [network-copyleft, unknown] }] }]
        parameters: { unknown: pass }
        expect: fail
      - name: not inspected yet
        facts: { inventory: null }
        expect: undecided
`;
