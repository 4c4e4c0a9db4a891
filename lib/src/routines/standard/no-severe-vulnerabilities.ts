import { ignoredFindings, ignoredPackages } from './ignored-packages.ts';

/** Known vulnerabilities, whether there is a fix or not. */
export const noSevereVulnerabilities = String.raw`
  - name: no-severe-vulnerabilities
    title: No severe vulnerabilities
    description: >-
      No package has a known vulnerability at or above a severity for longer than the days of its severity, whether there is
      a fix or not. The days run from the day on which the advisory was published, or was first imported where it has
      no date; there are none for malicious packages. Statements (VEX) of the signers named that the image is not affected
      count; so do waivers.
    needs: [findings]
    parameters:
      severity:
        type: string
        description: the least severity that counts
        choices: [low, medium, high, critical]
        tightens: down
        default: critical
      unscored:
        type: string
        description: the severity that advisories without a score count as
        choices: [none, low, medium, high, critical]
        tightens: up
        default: high
      daysCritical: { type: days, description: days for critical ones, maximum: 365, tightens: down, default: 0 }
      daysHigh: { type: days, description: days for high ones, maximum: 365, tightens: down, default: 30 }
      daysMedium: { type: days, description: days for medium ones, maximum: 730, tightens: down, default: 90 }
      daysLow: { type: days, description: days for low ones, maximum: 730, tightens: down, default: 180 }
      vexBy:
        type: strings
        description: signers whose VEX statements count, by name
        tightens: fewer
        default: []
      ${ignoredPackages}
    variables:
      ${ignoredFindings}
      least: rank[params.severity]
      limits: >-
        {"critical": now - params.daysCritical, "high": now - params.daysHigh, "medium": now - params.daysMedium,
        "low": now - params.daysLow}
      graces: >-
        {"critical": params.daysCritical, "high": params.daysHigh, "medium": params.daysMedium, "low": params.daysLow}
      severe: >-
        findings.filter(f, (f.malicious || rank[f.severity == "unscored" ? params.unscored : f.severity] >= least) &&
        (f.malicious || !(f.package in ignored)) && !has(f.waiver) && !(!f.malicious && has(f.vex) && f.vex.by in params.vexBy && f.vex.status in ["not_affected", "fixed"]))
      due: >-
        severe.filter(f, f.malicious || f.since <= limits[f.severity == "unscored" ? params.unscored : f.severity])
    expression: size(due) == 0
    message: >-
      due[0].package + " " + due[0].version + " has " + due[0].advisory + " (" + due[0].severity + ")" +
      (has(due[0].fixedIn) ? ", fixed in " + due[0].fixedIn : ", not fixed yet") +
      (size(due) == 1 ? "" : "; and " + string(size(due) - 1) + " more") +
      (size(noise) == 0 ? "" : " (" + string(size(noise)) + " of " + ignored.join(", ") + " not counted)")
    details: >-
      due.map(f, f.package + " " + f.version + ": " + f.advisory + " (" + f.severity + ")" +
      (has(f.fixedIn) ? ", fixed in " + f.fixedIn : "") + (has(f.team) ? " (" + f.team + ")" : ""))
    remedy: >-
      update or remove the packages named and build the image again, or have somebody who answers for it say that it is not
      affected (VEX), or waive it for a time
    validUntil: >-
      severe.filter(f, !f.malicious).map(f, f.since + graces[f.severity == "unscored" ? params.unscored : f.severity])
    tests:
      - name: headers of the kernel do not count
        facts: { findings: [{ package: linux-libc-dev, severity: critical }] }
        expect: pass
      - name: headers of the kernel, where they are to count
        facts: { findings: [{ package: linux-libc-dev, severity: critical }] }
        parameters: { ignorePackages: [] }
        expect: fail
      - name: nothing found
        facts: {}
        expect: pass
      - name: a critical one without a fix
        facts: { findings: [{ severity: critical }] }
        expect: fail
        message: openssl 3.0.1 has CVE-2025-0001 (critical), not fixed yet
      - name: below the severity
        facts: { findings: [{ severity: high }] }
        expect: pass
      - name: a high one within its days
        facts: { findings: [{ since: '2025-12-20T00:00:00Z' }] }
        parameters: { severity: high }
        expect: pass
      - name: a high one on the day that they end
        facts: { findings: [{ since: '2025-12-02T00:00:00Z', fixedIn: '4' }] }
        parameters: { severity: high }
        expect: fail
        message: (high), fixed in 4
      - name: a critical one has days of its own
        facts: { findings: [{ severity: critical, since: '2025-12-30T00:00:00Z' }] }
        parameters: { daysCritical: 3 }
        expect: pass
      - name: without a score
        facts: { findings: [{ severity: unscored }] }
        parameters: { severity: high }
        expect: fail
      - name: not affected, says a signer who counts
        facts: { findings: [{ severity: critical, vex: { status: not_affected, by: security } }] }
        parameters: { vexBy: [security] }
        expect: pass
      - name: not affected, says another signer
        facts: { findings: [{ severity: critical, vex: { status: not_affected, by: vendor } }] }
        parameters: { vexBy: [security] }
        expect: fail
      - name: affected, says the signer
        facts: { findings: [{ severity: critical, vex: { status: affected, by: security } }] }
        parameters: { vexBy: [security] }
        expect: fail
      - name: waived
        facts: { findings: [{ severity: critical, waiver: { id: w } }] }
        expect: pass
      - name: malicious, whatever anybody says
        facts:
          findings:
            - { malicious: true, severity: none, since: '2025-12-31T00:00:00Z', vex: { by: security } }
        parameters: { vexBy: [security] }
        expect: fail
      - name: a severity that does not exist
        facts: { findings: [{ severity: dreadful }] }
        expect: undecided
      - name: not matched yet
        facts: { findings: null }
        expect: undecided
`;
