import { ignoredFindings, ignoredPackages } from './ignored-packages.ts';

/** Known vulnerabilities that an update would remove. */
export const noFixableVulnerabilities = String.raw`
  - name: no-fixable-vulnerabilities
    title: No fixable vulnerabilities
    description: >-
      No package has a known vulnerability at or above a severity for which a fixed version exists. Vulnerabilities
      without a fix do not count, since nobody could act on them here. Advisories without a score count as the
      parameter unscored says. Grace gives time to update: it runs from the day on which the advisory was published,
      or was first imported where it has no date. There is no grace for malicious packages. Where it could not be
      told whether a version is affected, it counts as affected. Statements (VEX) of the signers named that the image
      is not affected count; so do waivers.
    needs: [findings]
    parameters:
      severity:
        type: string
        description: the least severity that counts
        choices: [low, medium, high, critical]
        tightens: down
        default: high
      unscored:
        type: string
        description: the severity that advisories without a score count as
        choices: [none, low, medium, high, critical]
        tightens: up
        default: high
      grace:
        type: days
        description: days after publication before a vulnerability counts
        maximum: 365
        tightens: down
        default: 0
      vexBy:
        type: strings
        description: signers whose statements (VEX) that the image is not affected count, by name
        tightens: fewer
        default: []
      ${ignoredPackages}
    variables:
      ${ignoredFindings}
      least: rank[params.severity]
      limit: now - params.grace
      fixable: >-
        findings.filter(f, (has(f.fixedIn) || has(f.undecided)) && (f.malicious || !(f.package in ignored)) &&
        (f.malicious || rank[f.severity == "unscored" ? params.unscored : f.severity] >= least) &&
        !has(f.waiver) && !(has(f.vex) && !f.malicious && f.vex.by in params.vexBy && f.vex.status in ["not_affected", "fixed"]))
      due: fixable.filter(f, f.malicious || f.since <= limit)
    expression: size(due) == 0
    message: >-
      due[0].package + " " + due[0].version + (has(due[0].fixedIn) ?
      " has " + due[0].advisory + " (" + due[0].severity + "), fixed in " + due[0].fixedIn :
      " may have " + due[0].advisory + " (" + due[0].severity + "): " + due[0].undecided) +
      (size(due) == 1 ? "" : "; and " + string(size(due) - 1) + " more that can be fixed") +
      (size(noise) == 0 ? "" : " (" + string(size(noise)) + " of " + ignored.join(", ") + " not counted)")
    details: >-
      due.map(f, f.package + " " + f.version + ": " + f.advisory + " (" + f.severity + ")" +
      (has(f.fixedIn) ? ", fixed in " + f.fixedIn : ", not certain: " + f.undecided) +
      (has(f.team) ? " (" + f.team + ")" : ""))
    remedy: update the packages named and build the image again
    validUntil: fixable.filter(f, !f.malicious && f.since > limit).map(f, f.since + params.grace)
    tests:
      - name: headers of the kernel do not count, and are told of
        facts:
          findings:
            - { package: linux-libc-dev, fixedIn: '6.1.2' }
            - { package: linux-headers-6.1.0-1-amd64, severity: critical, fixedIn: '6.1.2' }
            - { package: zlib1g, fixedIn: '1.3' }
        expect: fail
        message: fixed in 1.3 (2 of
      - name: nothing but headers of the kernel
        facts: { findings: [{ package: linux-libc-dev, fixedIn: '6.1.2' }] }
        expect: pass
      - name: headers of the kernel, where they are to count
        facts: { findings: [{ package: linux-libc-dev, fixedIn: '6.1.2' }] }
        parameters: { ignorePackages: [] }
        expect: fail
      - name: malicious ones by that name
        facts: { findings: [{ package: linux-headers, malicious: true, fixedIn: '2' }] }
        expect: fail
      - name: nothing found
        facts: {}
        expect: pass
      - name: a fixable one names package, version, advisory, severity and fix
        facts: { findings: [{ advisory: CVE-2022-0778, package: openssl, version: 1.1.1k, fixedIn: 1.1.1n }] }
        expect: fail
        message: openssl 1.1.1k has CVE-2022-0778 (high), fixed in 1.1.1n
      - name: the worst is named first
        facts:
          findings:
            - { package: zlib1g, severity: high, fixedIn: '1.3' }
            - { package: bash, severity: critical, fixedIn: '5.2' }
            - { package: apt, severity: low, fixedIn: '2.7' }
        expect: fail
        message: bash 3.0.1 has CVE-2025-0001 (critical), fixed in 5.2; and 1 more that can be fixed
      - name: without a fix
        facts: { findings: [{ severity: critical }] }
        expect: pass
      - name: whether it is affected could not be told
        facts: { findings: [{ undecided: the version cannot be ordered }] }
        expect: fail
        message: 'openssl 3.0.1 may have CVE-2025-0001 (high): the version cannot be ordered'
      - name: below the severity
        facts: { findings: [{ severity: medium, fixedIn: '4' }] }
        expect: pass
      - name: at a severity that was asked for
        facts: { findings: [{ severity: medium, fixedIn: '4' }] }
        parameters: { severity: medium }
        expect: fail
      - name: without a score, high
        facts: { findings: [{ severity: unscored, fixedIn: '4' }] }
        expect: fail
        message: (unscored)
      - name: without a score, counted as low
        facts: { findings: [{ severity: unscored, fixedIn: '4' }] }
        parameters: { unscored: low }
        expect: pass
      - name: within grace
        facts: { findings: [{ fixedIn: '4', since: '2025-12-20T00:00:00Z' }] }
        parameters: { grace: 30 }
        expect: pass
      - name: on the day that grace ends
        facts: { findings: [{ fixedIn: '4', since: '2025-12-02T00:00:00Z' }] }
        parameters: { grace: 30 }
        expect: fail
      - name: no grace for a malicious package
        facts: { findings: [{ malicious: true, severity: none, fixedIn: '4', since: '2025-12-31T00:00:00Z' }] }
        parameters: { grace: 30 }
        expect: fail
      - name: not affected, says a signer who counts
        facts: { findings: [{ fixedIn: '4', vex: { status: not_affected, by: security } }] }
        parameters: { vexBy: [security] }
        expect: pass
      - name: not affected, says a signer who does not count
        facts: { findings: [{ fixedIn: '4', vex: { status: not_affected, by: security } }] }
        expect: fail
      - name: affected, says a signer who counts
        facts: { findings: [{ fixedIn: '4', vex: { status: affected, by: security } }] }
        parameters: { vexBy: [security] }
        expect: fail
      - name: malicious, whoever says that it is not affected
        facts: { findings: [{ malicious: true, fixedIn: '4', vex: { by: security } }] }
        parameters: { vexBy: [security] }
        expect: fail
      - name: waived
        facts: { findings: [{ fixedIn: '4', waiver: { id: w } }] }
        expect: pass
      - name: a severity that does not exist
        facts: { findings: [{ severity: dreadful, fixedIn: '4' }] }
        expect: undecided
      - name: not matched yet
        facts: { findings: null }
        expect: undecided
        message: not checked yet
      - name: a chart
        facts: { image: { kind: chart } }
        expect: skipped
`;
