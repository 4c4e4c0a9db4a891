/** How old what is known of vulnerabilities is. */
export const advisoriesFresh = String.raw`
  - name: advisories-fresh
    title: The advisories are fresh
    description: >-
      What is known of vulnerabilities in the ecosystems of the image, and of exploited ones in general, was fetched, or found to be unchanged at its source, within
      a number of hours. An import by hand counts as fetched when it was made.
    needs: [advisories]
    parameters:
      hours:
        type: integer
        description: how long ago it may have been fetched
        minimum: 1
        maximum: 8784
        tightens: down
        default: 48
    variables:
      limit: duration(string(params.hours) + "h")
      old: advisories.ages.filter(a, a.fetched + limit <= now)
    expression: size(old) == 0
    message: >-
      "what is known of " + old.map(a, a.of).join(", ") + " was fetched more than " + string(params.hours) + " hours ago"
    details: >-
      old.map(a, a.of + ": fetched last " + string(a.fetched))
    remedy: >-
      an administrator looks at wharf advisories feeds, or imports again where there is no feed
    validUntil: advisories.ages.map(a, a.fetched + limit)
    tests:
      - name: fetched this morning
        facts: { advisories: { ages: [{ of: npm, fetched: '2026-01-01T00:00:00Z' }] } }
        now: '2026-01-01T12:00:00Z'
        expect: pass
      - name: to the second
        facts: { advisories: { ages: [{ of: npm, fetched: '2026-01-01T00:00:00Z' }] } }
        now: '2026-01-03T00:00:00Z'
        expect: fail
        message: what is known of npm was fetched more than 48 hours ago
      - name: one of several is old
        facts: { advisories: { ages: [{ of: Go, fetched: '2026-01-01T00:00:00Z' }, { of: npm, fetched: '2025-12-01T00:00:00Z' }] } }
        now: '2026-01-01T12:00:00Z'
        expect: fail
        message: known of npm was fetched
      - name: an hour is enough
        facts: { advisories: { ages: [{ of: npm, fetched: '2026-01-01T00:00:00Z' }] } }
        parameters: { hours: 1 }
        now: '2026-01-01T00:59:59Z'
        expect: pass
      - name: not matched yet
        facts: { advisories: null }
        expect: undecided
        message: not checked yet
`;
