/** Old images miss the fixes of their base, whether an advisory is known or not. */
export const maximumAge = String.raw`
  - name: maximum-age
    title: Built not too long ago
    description: >-
      The configuration says that the image was created within the last days. Reproducible builds write a date of
      1970 or 1980 instead: like a missing date, it says nothing, and what it counts as is the parameter undated. A
      date more than a day in the future is not believed.
    needs: [config]
    parameters:
      days:
        type: days
        description: how old the image may become
        minimum: 1
        maximum: 3650
        tightens: down
        default: 365
      undated:
        type: string
        description: whether an image without a date passes
        choices: [pass, fail]
        tightens: up
        default: fail
    variables:
      dated: has(image.config.created) && image.config.created > timestamp("1980-01-02T00:00:00Z")
      created: image.config.created
      future: created > now + duration("24h")
    expression: 'dated ? !future && created > now - params.days : params.undated == "pass"'
    message: >-
      !dated ? "does not say when it was built" :
      future ? "claims to have been built in the future, on " + string(created) :
      "was built on " + string(created) + ", more than " + string(params.days.getHours() / 24) + " days ago"
    remedy: build the image again from a current base
    validUntil: 'dated ? [created + params.days, created - duration("24h")] : []'
    tests:
      - name: a month old
        facts: {}
        expect: pass
      - name: older than a year
        facts: { image: { config: { created: '2024-06-01T00:00:00Z' } } }
        expect: fail
        message: was built on 2024-06-01T00:00:00Z, more than 365 days ago
      - name: the moment it becomes too old
        facts: { image: { config: { created: '2025-12-02T00:00:00Z' } } }
        parameters: { days: 30 }
        expect: fail
      - name: a second before
        facts: { image: { config: { created: '2025-12-02T00:00:01Z' } } }
        parameters: { days: 30 }
        expect: pass
      - name: a reproducible build
        facts: { image: { config: { created: '1970-01-01T00:00:00Z' } } }
        expect: fail
        message: does not say when it was built
      - name: a reproducible build of another school
        facts: { image: { config: { created: '1980-01-01T00:00:01Z' } } }
        expect: fail
      - name: undated images may pass
        facts: { image: { config: { created: null } } }
        parameters: { undated: pass }
        expect: pass
      - name: no date
        facts: { image: { config: { created: null } } }
        expect: fail
        message: does not say when it was built
      - name: from the future
        facts: { image: { config: { created: '2027-01-01T00:00:00Z' } } }
        expect: fail
        message: claims to have been built in the future
      - name: a date that cannot be read
        facts: { image: { config: { created: yesterday } } }
        expect: undecided
      - name: no configuration
        facts: { image: { config: null } }
        expect: undecided
`;
