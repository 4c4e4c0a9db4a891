/** What could not be read could hide anything. */
export const inventoryComplete = String.raw`
  - name: inventory-complete
    title: Everything in it could be read
    description: >-
      All layers were read to their end, nothing was left out, and the packages belong to a distribution whose
      advisories are known. An image without a distribution (built from scratch, no packages of one) passes.
    needs: [inventory]
    variables:
      hidden: inventory.problems.filter(problem, problem.hides)
      ofDistribution: inventory.packages.filter(p, p.type == "deb" || p.type == "apk")
      distributionKnown: >-
        has(inventory.distribution) ?
        has(inventory.distribution.ecosystem) || (inventory.distribution.id == "scratch" && size(ofDistribution) == 0) :
        size(ofDistribution) == 0 && size(hidden) == 0
    expression: inventory.complete && size(hidden) == 0 && distributionKnown
    message: >-
      size(hidden) > 0 ? "could not be read completely: " +
      (has(hidden[0].layer) ? "layer " + string(hidden[0].layer) + ": " : "") + hidden[0].message +
      (size(hidden) == 1 ? "" : "; and " + string(size(hidden) - 1) + " more problems") :
      !inventory.complete ? "could not be read completely" :
      has(inventory.distribution) ? "advisories for its distribution are not known: " + inventory.distribution.id +
      (has(inventory.distribution.version) ? " " + inventory.distribution.version : "") :
      "its distribution is not known, so its packages cannot be checked"
    details: >-
      hidden.map(problem, (has(problem.layer) ? "layer " + string(problem.layer) + " " : "") + problem.code +
      (has(problem.path) ? " " + problem.path : "") + ": " + problem.message)
    remedy: >-
      build the image again in a usual way (whole layers, a known base with its os-release file); wharf inspect shows
      what could not be read
    tests:
      - name: complete
        facts: { inventory: { packages: [{}] } }
        expect: pass
      - name: from scratch
        facts: { inventory: { distribution: { id: scratch, version: null, ecosystem: null } } }
        expect: pass
      - name: a truncated layer
        facts: { inventory: { complete: false, problems: [{ code: truncated, layer: 1, message: it ends too early }] } }
        expect: fail
        message: 'could not be read completely: layer 1: it ends too early'
      - name: incomplete without a reason
        facts: { inventory: { complete: false } }
        expect: fail
        message: could not be read completely
      - name: a problem that hides something, whatever complete says
        facts: { inventory: { problems: [{ hides: true }] } }
        expect: fail
      - name: a problem that hides nothing
        facts: { inventory: { problems: [{ code: duplicate-entry, hides: false }] } }
        expect: pass
      - name: a distribution without advisories
        facts: { inventory: { distribution: { id: dreamos, version: '3', ecosystem: null } } }
        expect: fail
        message: 'advisories for its distribution are not known: dreamos 3'
      - name: packages of an unknown distribution
        facts: { inventory: { distribution: null, packages: [{}] } }
        expect: fail
        message: its distribution is not known
      - name: not inspected yet
        facts: { inventory: null }
        expect: undecided
        message: not checked yet
`;
