/** The chain of custody from the base to this image. */
export const custodyComplete = String.raw`
  - name: custody-complete
    title: Its chain of custody is complete
    description: >-
      Every layer is attributed to a team that the custody layout allows, from the base to this image; each stage was
      approved as the layout demands, and nothing is against it. Of an index, it is stated which images belong to it, and the chain
      of each is complete.
    appliesTo: [image, index]
    needs: [custody]
    expression: custody.complete && size(custody.problems) == 0
    message: >-
      size(custody.problems) == 0 ? "its chain of custody is not complete" : custody.problems[0].message +
      (size(custody.problems) == 1 ? "" : "; and " + string(size(custody.problems) - 1) + " more problems")
    details: 'custody.problems.map(problem, problem.code + ": " + problem.message)'
    remedy: have the team that is named link or approve its stage (wharf custody link, wharf custody approve)
    validUntil: custody.stages.filter(stage, has(stage.notAfter)).map(stage, stage.notAfter)
    tests:
      - name: complete
        facts: { custody: { stages: [{ notAfter: '2026-06-01T00:00:00Z' }] } }
        expect: pass
      - name: a layer of nobody
        facts: { custody: { complete: false, problems: [{}] } }
        expect: fail
        message: nobody answers for layer 1
      - name: a problem, whatever complete says
        facts: { custody: { problems: [{ message: stage app is not approved }, {}] } }
        expect: fail
        message: stage app is not approved; and 1 more problems
      - name: an index that nobody assembled
        facts: { image: { kind: index, layers: [] }, custody: { problems: [{ message: nobody assembled it }] } }
        expect: fail
        message: nobody assembled it
      - name: incomplete without a reason
        facts: { custody: { complete: false } }
        expect: fail
        message: its chain of custody is not complete
      - name: not walked
        facts: { custody: null }
        expect: undecided
        message: no chain of custody is known
`;
