/** Who signed counts, not how many keys he has. */
export const signedByPrincipals = String.raw`
  - name: signed-by-principals
    title: Signed by enough of the named people
    description: >-
      Of the people, teams and robots named, enough have signed this very digest, each with a trusted key of his own. Two
      keys of one count once, and so does one key under two names.
    appliesTo: [image, index, chart, artifact]
    needs: [signatures]
    parameters:
      principals:
        type: strings
        description: whose signatures count, as the trust policy calls them
        tightens: fewer
        default: []
      minimum:
        type: integer
        description: how many of them must have signed
        minimum: 1
        maximum: 20
        tightens: up
        default: 1
    variables:
      counted: signatures.valid.filter(s, s.principal in params.principals)
      who: counted.map(s, s.principal).distinct()
      keys: counted.map(s, s.keyId).distinct()
    expression: size(who) >= params.minimum && size(keys) >= params.minimum
    message: >-
      size(params.principals) == 0 ? "nobody is named whose signature would count" :
      size(who) == 0 ? "not signed by any of " + params.principals.join(", ") :
      size(who) < params.minimum ? "signed by " + who.join(", ") + " only, but " + string(params.minimum) + " of " +
      params.principals.join(", ") + " must sign" :
      "signed with " + string(size(keys)) + " keys only, but " + string(params.minimum) + " different ones are needed"
    details: >-
      signatures.refused.map(signature, signature.format + " " + signature.evidence + ": " + signature.reason)
    remedy: have those who are named sign the digest, each with his own key
    tests:
      - name: one of them
        facts: { signatures: { valid: [{ principal: alice }] } }
        parameters: { principals: [alice, bob] }
        expect: pass
      - name: two of three
        facts: { signatures: { valid: [{ principal: alice, keyId: aa }, { principal: bob, keyId: bb }] } }
        parameters: { principals: [alice, bob, carol], minimum: 2 }
        expect: pass
      - name: two keys of one person
        facts: { signatures: { valid: [{ principal: alice, keyId: aa }, { principal: alice, keyId: bb }] } }
        parameters: { principals: [alice, bob], minimum: 2 }
        expect: fail
        message: signed by alice only, but 2 of alice, bob must sign
      - name: one key under two names
        facts: { signatures: { valid: [{ principal: alice, keyId: aa }, { principal: bob, keyId: aa }] } }
        parameters: { principals: [alice, bob], minimum: 2 }
        expect: fail
        message: signed with 1 keys only
      - name: by somebody else
        facts: { signatures: { valid: [{ principal: mallory }] } }
        parameters: { principals: [alice] }
        expect: fail
        message: not signed by any of alice
      - name: nobody named
        facts: { signatures: { valid: [{}] } }
        expect: fail
        message: nobody is named
      - name: signatures were not looked up
        facts: { signatures: null }
        parameters: { principals: [alice] }
        expect: undecided
`;
