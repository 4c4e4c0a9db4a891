/** Whoever can pull the image can read these. */
export const noSecretsInEnvironment = String.raw`
  - name: no-secrets-in-environment
    title: No secrets in environment and labels
    description: >-
      No environment variable or label of the configuration is called like a secret and has a value, and no value looks like a key,
      a token, or an address with a password. The value itself is never shown.
    needs: [config]
    parameters:
      ignored:
        type: strings
        description: names of variables and labels that hold no secret
        tightens: fewer
        default: []
    variables:
      called: '"(?i)(passw(or)?d|passphrase|secret|token|credentials?|(api|access|private|secret|auth|encryption)[_.-]?key)$"'
      looks: >-
        "(AKIA|ASIA)[0-9A-Z]+|gh[pousr]_[A-Za-z0-9]+|github_pat_|glpat-|xox[abeprs]-|sk_live_|npm_[A-Za-z0-9]+" +
        "|AIza[0-9A-Za-z_-]+|-----BEGIN [A-Z ]*PRIVATE KEY|eyJ[A-Za-z0-9_-]+[.]eyJ|://[^/@: ]*:[^/@ ]+@"
      variables: >-
        image.config.env.filter(e, e.indexOf("=") > 0 && e.indexOf("=") < size(e) - 1)
      inEnv: >-
        variables.filter(e, !(e.substring(0, e.indexOf("=")) in params.ignored) &&
        (e.substring(0, e.indexOf("=")).matches(called) || e.substring(e.indexOf("=") + 1).matches(looks)))
        .map(e, "the environment variable " + e.substring(0, e.indexOf("=")))
      inLabels: >-
        image.config.labels.filter(l, !(l in params.ignored) && image.config.labels[l] != "" &&
        (l.matches(called) || image.config.labels[l].matches(looks))).map(l, "the label " + l)
      found: inEnv + inLabels
    expression: size(found) == 0
    message: >-
      found[0] + " looks like a secret" + (size(found) == 1 ? "" : "; and " + string(size(found) - 1) + " more")
    details: found
    remedy: >-
      treat the secret as known to others and replace it, take it out of the Dockerfile (ENV, ARG, LABEL) and give it to the
      container when it starts
    tests:
      - name: ordinary variables
        facts: { image: { config: { env: [PATH=/usr/bin, NODE_ENV=production, GPG_KEY=E3FF2839C048B25C], labels: { a: b } } } }
        expect: pass
      - name: called like a secret
        facts: { image: { config: { env: [A=b, DB_PASSWORD=hunter2] } } }
        expect: fail
        message: the environment variable DB_PASSWORD looks like a secret
      - name: called like a secret, without a value
        facts: { image: { config: { env: [DB_PASSWORD=, API_TOKEN] } } }
        expect: pass
      - name: a file that holds it
        facts: { image: { config: { env: [DB_PASSWORD_FILE=/run/secrets/db] } } }
        expect: pass
      - name: looks like a token
        facts: { image: { config: { env: [X=ghp_0123456789abcdefghijABCDEFGHIJ012345] } } }
        expect: fail
        message: the environment variable X looks like a secret
      - name: an address with a password
        facts: { image: { config: { env: ['DATABASE_URL=postgres://app:hunter2@db/app'] } } }
        expect: fail
      - name: an address without one
        facts: { image: { config: { env: ['DATABASE_URL=postgres://db/app'] } } }
        expect: pass
      - name: in a label
        facts: { image: { config: { labels: { com.example.api-key: x } } } }
        expect: fail
        message: the label com.example.api-key looks like a secret
      - name: both are counted
        facts: { image: { config: { env: [A_TOKEN=x], labels: { secret: x } } } }
        expect: fail
        message: and 1 more
      - name: one that is known to be none
        facts: { image: { config: { env: [CSRF_TOKEN=header-name] } } }
        parameters: { ignored: [CSRF_TOKEN] }
        expect: pass
      - name: no configuration
        facts: { image: { config: null } }
        expect: undecided
`;
