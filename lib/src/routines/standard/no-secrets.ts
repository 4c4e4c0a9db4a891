/** Whoever can pull an image can read all of its layers, those included whose files a later one took away. */
export const noSecrets = String.raw`
  - name: no-secrets
    title: No secrets in the image
    description: >-
      No layer and no part of the configuration holds a key, token or password, whether a later layer took its file away or not.
      Keys that the packages of the distribution bring as they are do not count: everybody has them. A secret itself is never shown.
    needs: [inventory]
    parameters:
      severity:
        type: string
        description: >-
          the least severity that counts; possible is a value that stands where passwords stand, a key of a test or of a library
        choices: [possible, low, medium, high, critical]
        tightens: down
        default: medium
      allowedRules:
        type: strings
        description: kinds that do not count, such as json-web-token
        tightens: fewer
        default: []
      allowedPaths:
        type: strings
        description: files that may hold them, without a slash in front, a * at the end for any rest
        tightens: fewer
        default: []
    variables:
      known: has(inventory.secrets)
      order: '{"possible": 0, "low": 1, "medium": 2, "high": 3, "critical": 4}'
      least: order[params.severity]
      counted: >-
        !known ? 0 : (least <= 0 ? inventory.secrets.counts.possible : 0) + (least <= 1 ? inventory.secrets.counts.low : 0) +
        (least <= 2 ? inventory.secrets.counts.medium : 0) + (least <= 3 ? inventory.secrets.counts.high : 0) +
        inventory.secrets.counts.critical
      listed: 'known ? inventory.secrets.found.filter(s, order[s.severity] >= least) : []'
      found: >-
        listed.filter(s, !(s.rule in params.allowedRules) && !(s.where == "file" && params.allowedPaths.exists(p, p == s.path ||
        (p.endsWith("*") && s.path.startsWith(p.substring(0, size(p) - 1))))))
      total: counted - (size(listed) - size(found))
    expression: known && inventory.secrets.complete && total == 0
    message: >-
      !known ? "it is not known whether it holds secrets" :
      total == 0 ? "not all of it was searched for secrets" + (has(inventory.secrets.reason) ? ": " + inventory.secrets.reason : "") :
      (size(found) == 0 ? string(total) + " secrets that are not listed" :
      found[0].where + " " + found[0].path + (has(found[0].line) ? ":" + string(found[0].line) : "") + " holds a secret (" +
      found[0].rule + ")" + (total == 1 ? "" : "; and " + string(total - 1) + " more"))
    details: >-
      found.map(s, (has(s.layer) ? "layer " + string(s.layer) + " " : "") + s.where + " " + s.path +
      (has(s.line) ? ":" + string(s.line) : "") + " " + s.rule + (has(s.deleted) ? ", deleted later" : ""))
    remedy: >-
      treat the secret as known to others and replace it; leave it out of the build (.dockerignore, RUN --mount=type=secret) and give
      it to the container when it starts: deleting it in a later step does not take it out of the image
    tests:
      - name: none
        facts: {}
        expect: pass
      - name: a key
        facts: { inventory: { secrets: { counts: { high: 1 }, found: [{ line: 3 }] } } }
        expect: fail
        message: file app/key.pem:3 holds a secret (private-key)
      - name: one that was deleted later
        facts: { inventory: { secrets: { counts: { high: 1 }, found: [{ deleted: true }] } } }
        expect: fail
      - name: what is only possible
        facts: { inventory: { secrets: { counts: { possible: 1 }, found: [{ severity: possible }] } } }
        expect: pass
      - name: what is only possible, where that counts
        facts: { inventory: { secrets: { counts: { possible: 1 }, found: [{ severity: possible }] } } }
        parameters: { severity: possible }
        expect: fail
      - name: an allowed place
        facts: { inventory: { secrets: { counts: { high: 1 }, found: [{}] } } }
        parameters: { allowedPaths: ['app/*'] }
        expect: pass
      - name: an allowed kind
        facts: { inventory: { secrets: { counts: { high: 1 }, found: [{}] } } }
        parameters: { allowedRules: [private-key] }
        expect: pass
      - name: a path that is allowed, and the same as a variable's name
        facts: { inventory: { secrets: { counts: { high: 1 }, found: [{ where: environment, path: TOKEN }] } } }
        parameters: { allowedPaths: ['*'] }
        expect: fail
      - name: more than are listed
        facts: { inventory: { secrets: { counts: { critical: 900 } } } }
        expect: fail
        message: 900 secrets that are not listed
      - name: not all searched
        facts: { inventory: { secrets: { complete: false, reason: a layer could not be read whole } } }
        expect: fail
        message: 'not all of it was searched for secrets: a layer could not be read whole'
      - name: nothing known of its secrets
        facts: { inventory: { secrets: null } }
        expect: fail
      - name: not inspected yet
        facts: { inventory: null }
        expect: undecided
`;
