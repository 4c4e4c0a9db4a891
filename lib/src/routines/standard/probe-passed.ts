/** What a check found that is an image itself. */
export const probePassed = String.raw`
  - name: probe-passed
    title: A probe found nothing that counts
    description: >-
      A probe (a check that is an image itself, pinned by its digest) was run on this very digest, came to its end, and found no more
      than so many things at or above a severity. Where it was not run, nothing is known.
    needs: [probes]
    parameters:
      probe:
        type: string
        description: name of the probe
        default: ''
      severity:
        type: string
        description: the least severity that counts
        choices: [none, low, medium, high, critical]
        tightens: down
        default: low
      most:
        type: integer
        description: how many findings may count
        minimum: 0
        maximum: 100000
        tightens: down
        default: 0
    variables:
      run: probes[params.probe]
      counting: run.result.findings.filter(f, rank[f.severity] >= rank[params.severity])
    expression: run.complete && size(counting) <= params.most
    message: >-
      !run.complete ? "the probe " + params.probe + " came to no result: " + run.problem :
      "the probe " + params.probe + " found " + string(size(counting)) + " at or above " + params.severity + ": " +
      counting[0].rule + (has(counting[0].path) ? " in " + counting[0].path : "")
    details: >-
      run.complete ? counting.map(f, f.severity + ": " + f.rule + (has(f.path) ? " in " + f.path : "") +
      (has(f.message) ? ": " + f.message : "")) : [run.problem]
    remedy: mend what the probe found and build the image again; wharf probe run shows it on your machine
    tests:
      - name: nothing found
        facts: { probes: { secrets: {} } }
        parameters: { probe: secrets }
        expect: pass
      - name: something found
        facts:
          probes: { secrets: { result: { findings: [{ rule: private-key, severity: critical, path: etc/key.pem }] } } }
        parameters: { probe: secrets }
        expect: fail
        message: 'the probe secrets found 1 at or above low: private-key in etc/key.pem'
      - name: something below the severity
        facts: { probes: { secrets: { result: { findings: [{ rule: style, severity: low }] } } } }
        parameters: { probe: secrets, severity: high }
        expect: pass
      - name: as many as may be
        facts:
          probes: { secrets: { result: { findings: [{ rule: a, severity: high }, { rule: b, severity: high }] } } }
        parameters: { probe: secrets, most: 2 }
        expect: pass
      - name: one too many
        facts:
          probes: { secrets: { result: { findings: [{ rule: a, severity: high }, { rule: b, severity: high }] } } }
        parameters: { probe: secrets, most: 1 }
        expect: fail
        message: found 2 at or above low
      - name: it came to no result
        facts: { probes: { secrets: { complete: false, problem: it took longer than 60 seconds, result: null } } }
        parameters: { probe: secrets }
        expect: fail
        message: 'came to no result: it took longer than 60 seconds'
      - name: a severity that does not exist
        facts: { probes: { secrets: { result: { findings: [{ rule: a, severity: dreadful }] } } } }
        parameters: { probe: secrets }
        expect: undecided
      - name: another probe was run
        facts: { probes: { lint: {} } }
        parameters: { probe: secrets }
        expect: undecided
        message: the probe secrets was not run on it
      - name: none was run
        facts: {}
        parameters: { probe: secrets }
        expect: undecided
        message: the probe secrets was not run on it
      - name: none is named
        facts: { probes: { secrets: {} } }
        expect: undecided
        message: names no probe
`;
