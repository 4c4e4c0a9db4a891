/** Who answers for which layer. */
export const layersOwnedByTeams = String.raw`
  - name: layers-owned-by-teams
    title: A known team answers for every layer
    description: >-
      The chain of custody attributes each layer to a team, and to one of those named. A * stands for any team.
    needs: [custody]
    parameters:
      teams:
        type: strings
        description: teams that layers may be of
        tightens: fewer
        default: ['*']
    variables:
      strange: >-
        custody.layers.filter(l, !has(l.team) || !("*" in params.teams || l.team in params.teams))
    expression: size(custody.layers) == size(image.layers) && size(strange) == 0
    message: >-
      size(strange) == 0 ? "the chain of custody does not speak of all its layers" :
      "layer " + string(strange[0].index) +
      (has(strange[0].team) ? " is of the team " + strange[0].team : " is of no team") +
      (size(strange) == 1 ? "" : "; and " + string(size(strange) - 1) + " more")
    details: >-
      strange.map(l, "layer " + string(l.index) + " " + l.digest + ": " + (has(l.team) ? l.team : "nobody"))
    remedy: have the team that made the layer link it (wharf custody link)
    tests:
      - name: all are owned
        facts: { custody: { layers: [{ team: platform }] } }
        expect: pass
      - name: one is not
        facts: { image: { layers: [{}, {}] }, custody: { layers: [{ team: platform }, { index: 1 }] } }
        expect: fail
        message: layer 1 is of no team
      - name: one is of another team
        facts: { custody: { layers: [{ team: strangers }] } }
        parameters: { teams: [platform, payments] }
        expect: fail
        message: layer 0 is of the team strangers
      - name: a layer that custody does not know
        facts: { image: { layers: [{}, {}] }, custody: { layers: [{ team: platform }] } }
        expect: fail
        message: does not speak of all its layers
      - name: not walked
        facts: { custody: null }
        expect: undecided
`;
