/** What a scanner that the registry asks says of the image. */
export const scannerReport = String.raw`
  - name: scanner-report
    title: A scanner reports nothing that counts
    description: >-
      A scanner that the registry asks (a service outside, which answers by itself) has reported on this very digest, not too long ago, and
      its report has nothing at or above a severity. Where it has not reported, nothing is known; where its report is too old, could not be
      read or says of no time when it was made, it does not count.
    needs: [scanners]
    parameters:
      scanner:
        type: string
        description: name of the scanner, as it is configured
        default: ''
      severity:
        type: string
        description: the least severity that counts
        choices: [none, low, medium, high, critical]
        tightens: down
        default: high
      unscored:
        type: string
        description: the severity that those without one count as
        choices: [none, low, medium, high, critical]
        tightens: up
        default: high
      fixableOnly:
        type: boolean
        description: whether those alone count for which a version with a fix is known
        tightens: down
        default: false
      hours:
        type: integer
        description: how long ago the scanner may have been asked for its report
        minimum: 1
        maximum: 8784
        tightens: down
        default: 48
      dataHours:
        type: integer
        description: how old what the scanner knows may have been by now; 0 for any age, and for scanners that do not say
        minimum: 0
        maximum: 8784
        default: 0
    variables:
      report: scanners[params.scanner]
      ends: report.asked + duration(string(params.hours) + "h")
      dataEnds: report.data + duration(string(params.dataHours) + "h")
      isOld: ends <= now
      isDataOld: params.dataHours > 0 && (!has(report.data) || dataEnds <= now)
      counting: >-
        report.findings.filter(f, rank[f.severity == "unscored" ? params.unscored : f.severity] >= rank[params.severity] &&
        (!params.fixableOnly || has(f.fixedIn)))
    expression: report.state == "reported" && !isOld && !isDataOld && size(counting) == 0
    message: >-
      report.state != "reported" ? "the scanner " + params.scanner + " came to no report: " + report.problem :
      isOld ? "the report of the scanner " + params.scanner + " is older than " + string(params.hours) + " hours" :
      isDataOld ? (has(report.data) ? "what the scanner " + params.scanner + " knows is older than " + string(params.dataHours) + " hours" :
      "the scanner " + params.scanner + " does not say how old what it knows is") :
      "the scanner " + params.scanner + " found " + string(size(counting)) + " at or above " + params.severity + ": " +
      counting[0].package + " " + counting[0].version + " has " + counting[0].id + " (" + counting[0].severity + ")" +
      (has(counting[0].fixedIn) ? ", fixed in " + counting[0].fixedIn : ", not fixed yet")
    details: >-
      report.state == "reported" ? counting.map(f, f.package + " " + f.version + ": " + f.id + " (" + f.severity + ")" +
      (has(f.fixedIn) ? ", fixed in " + f.fixedIn : "")) : [report.problem]
    remedy: >-
      update or remove the packages named and build the image again; where the report is old or there is none, look at the scanner:
      wharf scanner list
    validUntil: >-
      report.state != "reported" ? [] : params.dataHours > 0 && has(report.data) ? [ends, dataEnds] : [ends]
    tests:
      - name: nothing found
        facts: { scanners: { trivy: {} } }
        parameters: { scanner: trivy }
        expect: pass
      - name: something found
        facts: { scanners: { trivy: { findings: [{ severity: critical, fixedIn: '3.0.2' }] } } }
        parameters: { scanner: trivy }
        expect: fail
        message: 'the scanner trivy found 1 at or above high: openssl 3.0.1 has CVE-2025-0001 (critical), fixed in 3.0.2'
      - name: below the severity
        facts: { scanners: { trivy: { findings: [{ severity: medium }] } } }
        parameters: { scanner: trivy }
        expect: pass
      - name: without a severity
        facts: { scanners: { trivy: { findings: [{ severity: unscored }] } } }
        parameters: { scanner: trivy }
        expect: fail
        message: not fixed yet
      - name: a severity that does not exist
        facts: { scanners: { trivy: { findings: [{ severity: dreadful }] } } }
        parameters: { scanner: trivy }
        expect: undecided
      - name: without a fix, where those with one count
        facts: { scanners: { trivy: { findings: [{ severity: critical }] } } }
        parameters: { scanner: trivy, fixableOnly: true }
        expect: pass
      - name: with a fix
        facts: { scanners: { trivy: { findings: [{ severity: critical }, { severity: high, fixedIn: '4' }] } } }
        parameters: { scanner: trivy, fixableOnly: true }
        expect: fail
        message: found 1 at or above high
      - name: asked for too long ago
        facts: { scanners: { trivy: { asked: '2025-12-30T00:00:00Z' } } }
        parameters: { scanner: trivy }
        now: '2026-01-01T00:00:00Z'
        expect: fail
        message: the report of the scanner trivy is older than 48 hours
      - name: a second before that
        facts: { scanners: { trivy: { asked: '2025-12-30T00:00:01Z' } } }
        parameters: { scanner: trivy }
        now: '2026-01-01T00:00:00Z'
        expect: pass
      - name: the scanner knows old things
        facts: { scanners: { trivy: { data: '2025-12-01T00:00:00Z' } } }
        parameters: { scanner: trivy, dataHours: 72 }
        expect: fail
        message: what the scanner trivy knows is older than 72 hours
      - name: the scanner knows old things, which may be
        facts: { scanners: { trivy: { data: '2025-12-01T00:00:00Z' } } }
        parameters: { scanner: trivy }
        expect: pass
      - name: the scanner does not say how old what it knows is
        facts: { scanners: { trivy: { data: null } } }
        parameters: { scanner: trivy, dataHours: 72 }
        expect: fail
        message: does not say how old what it knows is
      - name: it failed
        facts: { scanners: { trivy: { state: failed, problem: it answered 500, findings: null, asked: null, data: null } } }
        parameters: { scanner: trivy }
        expect: fail
        message: 'the scanner trivy came to no report: it answered 500'
      - name: no answer yet
        facts: { scanners: { trivy: { state: none } } }
        parameters: { scanner: trivy }
        expect: undecided
        message: 'not checked yet: the scanner trivy has not reported on it'
      - name: another scanner reported
        facts: { scanners: { other: {} } }
        parameters: { scanner: trivy }
        expect: undecided
        message: 'not checked yet: the scanner trivy has not reported on it'
      - name: no scanner is named
        facts: { scanners: { trivy: {} } }
        expect: undecided
        message: the parameter scanner names no scanner
      - name: a report without a time
        facts: { scanners: { trivy: { asked: null } } }
        parameters: { scanner: trivy }
        expect: undecided
      - name: no scanner at all
        facts: {}
        parameters: { scanner: trivy }
        expect: undecided
        message: 'no report of a scanner is known: none is bound to its repository, or it is judged away from the registry'
`;
