/** People who say that it may go on. */
export const approvedForStage = String.raw`
  - name: approved-for-stage
    title: Approved for the stage
    description: >-
      Enough different people, each with a key of his own, approve this very digest for the stage, and each role named is among
      theirs. Approvals count while they are in force, in the registry and repository that they are for.
    appliesTo: [image, index, chart, artifact]
    needs: [attestations]
    parameters:
      stage:
        type: string
        description: the stage that it must be approved for
        default: production
      minimum:
        type: integer
        description: how many people must approve
        minimum: 1
        maximum: 20
        tightens: up
        default: 1
      roles:
        type: strings
        description: roles of which each must approve
        tightens: more
        default: []
    variables:
      counted: attestations.approvals.filter(a, a.stage == params.stage && a.notAfter > now)
      who: counted.map(a, a.principal).distinct()
      keys: counted.map(a, a.keyId).distinct()
      missing: params.roles.filter(role, !counted.exists(a, a.role == role))
    expression: size(who) >= params.minimum && size(keys) >= params.minimum && size(missing) == 0
    message: >-
      size(who) == 0 ? "nobody approves it for " + params.stage :
      size(missing) > 0 ? "nobody approves it for " + params.stage + " as " + missing.join(", ") :
      size(who) < params.minimum ? "approved for " + params.stage + " by " + who.join(", ") + " only, but " +
      string(params.minimum) + " must approve" :
      "approved with " + string(size(keys)) + " keys only, but " + string(params.minimum) + " different ones are needed"
    details: >-
      counted.map(a, a.principal + " as " + a.role + " until " + string(a.notAfter))
    remedy: have those who may approve it do so (wharf custody approve)
    validUntil: counted.map(a, a.notAfter)
    tests:
      - name: approved
        facts: { attestations: { approvals: [{}] } }
        expect: pass
      - name: by nobody
        facts: {}
        expect: fail
        message: nobody approves it for production
      - name: for another stage
        facts: { attestations: { approvals: [{ stage: test }] } }
        expect: fail
      - name: two people in two roles
        facts:
          attestations:
            approvals: [{ principal: alice, keyId: aa, role: security }, { principal: bob, keyId: bb, role: owner }]
        parameters: { minimum: 2, roles: [security, owner] }
        expect: pass
      - name: one person twice
        facts: { attestations: { approvals: [{ keyId: aa }, { keyId: bb }] } }
        parameters: { minimum: 2 }
        expect: fail
        message: approved for production by release only, but 2 must approve
      - name: one key under two names
        facts: { attestations: { approvals: [{ principal: alice }, { principal: bob }] } }
        parameters: { minimum: 2 }
        expect: fail
        message: approved with 1 keys only
      - name: a role is missing
        facts: { attestations: { approvals: [{}] } }
        parameters: { roles: [security, owner] }
        expect: fail
        message: nobody approves it for production as owner
      - name: an approval that is over
        facts: { attestations: { approvals: [{ notAfter: '2026-01-01T00:00:00Z' }] } }
        expect: fail
      - name: not looked up
        facts: { attestations: null }
        expect: undecided
`;
