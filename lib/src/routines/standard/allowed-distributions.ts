/** Distributions that still get security fixes. */
export const allowedDistributions = String.raw`
  - name: allowed-distributions
    title: A distribution that is supported
    description: >-
      The distribution and its release are among those named: a release counts with all that follows after a dot. An image without a
      distribution is called scratch.
    needs: [inventory]
    parameters:
      allowed:
        type: strings
        description: distribution and release, or a distribution alone for all of its releases
        tightens: fewer
        default:
          [debian 12, debian 13, ubuntu 22.04, ubuntu 24.04, ubuntu 26.04, alpine 3.22, alpine 3.23, wolfi, scratch]
    variables:
      found: >-
        has(inventory.distribution) ? inventory.distribution.id +
        (has(inventory.distribution.version) ? " " + inventory.distribution.version : "") : "unknown"
    expression: >-
      params.allowed.exists(a, found == a || found.startsWith(a + ".") || !a.contains(" ") && found.startsWith(a + " "))
    message: >-
      found == "unknown" ? "its distribution is not known" : "its distribution is " + found + ", which is not supported"
    remedy: build it on a base whose distribution is supported
    tests:
      - name: Debian 12
        facts: {}
        expect: pass
      - name: a point release
        facts: { inventory: { distribution: { id: alpine, version: 3.22.1 } } }
        expect: pass
      - name: not the same digits
        facts: { inventory: { distribution: { id: alpine, version: '3.220' } } }
        expect: fail
      - name: one that is out of support
        facts: { inventory: { distribution: { id: debian, version: '10' } } }
        expect: fail
        message: its distribution is debian 10, which is not supported
      - name: from scratch
        facts: { inventory: { distribution: { id: scratch, version: null } } }
        expect: pass
      - name: not known
        facts: { inventory: { distribution: null } }
        expect: fail
        message: its distribution is not known
      - name: not inspected yet
        facts: { inventory: null }
        expect: undecided
`;
