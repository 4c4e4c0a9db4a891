/** Packages that are an attack themselves. */
export const notMalicious = String.raw`
  - name: not-malicious
    title: No malicious packages
    description: >-
      No package is listed as malicious (advisories whose id begins with MAL-). Such a package is an attack, not a
      mistake: there is no fix to wait for and no grace.
    needs: [findings]
    variables:
      bad: findings.filter(f, f.malicious)
    expression: size(bad) == 0
    message: >-
      "contains the malicious package " + bad[0].package + " " + bad[0].version + " (" + bad[0].advisory + ")" +
      (size(bad) == 1 ? "" : " and " + string(size(bad) - 1) + " more")
    details: >-
      bad.map(f, f.package + " " + f.version + ": " + f.advisory + " " + f.summary + (has(f.team) ? " (" + f.team + ")" : ""))
    remedy: >-
      remove the package, build again from sources that you trust, and treat what ran this image as compromised
    tests:
      - name: nothing found
        facts: {}
        expect: pass
      - name: ordinary vulnerabilities
        facts: { findings: [{ severity: critical }, { severity: high, fixedIn: '4' }] }
        expect: pass
      - name: a malicious package
        facts: { findings: [{}, { advisory: MAL-2025-1, package: colourz, version: 1.0.1, malicious: true }] }
        expect: fail
        message: contains the malicious package colourz 1.0.1 (MAL-2025-1)
      - name: two malicious packages
        facts: { findings: [{ malicious: true, package: a }, { malicious: true, package: b }] }
        expect: fail
        message: and 1 more
      - name: not matched yet
        facts: { findings: null }
        expect: undecided
        message: not checked yet
`;
