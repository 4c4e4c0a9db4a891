/** What `wharf custody init` writes. docs/guide/custody.md walks through it. */
export const exampleFile = `# Who may make which part of an image, in which order.
# Read by: wharf custody link, intake, approve, assemble, show, verify.

# Whose signatures count. Make each key pair with: wharf key generate --output-key-prefix keys/base
# purposes: stamp (links, approvals, assemblies) and intake; both where nothing is said. Never the key of a release.
signers:
  - name: base-key
    principal: bot-base
    file: keys/base.pub
  - name: app-key
    principal: bot-app
    file: keys/app.pub
  - name: alice-key
    principal: alice
    purposes: [stamp]
    file: keys/alice.pub
  - name: bob-key
    principal: bob
    purposes: [stamp]
    file: keys/bob.pub

# Public key of the registry (wharf judgement key), so that what it says itself of a chain is known. It counts for nothing.
# registryKey: keys/registry.pub

layout:
  name: example
  # What the registry is called, and all its replicas with it: registry.identity of its settings. Not a host name.
  registry: wharfinger
  # From the base to the final image.
  stages:
    - name: base
      # Where images of the stage lie: team/app, team/*, team/**
      repositories: [base/*]
      # Who builds them.
      teams:
        - team: platform
          signers: [base-key]
      # origin: made from nothing. import: taken from elsewhere. extend: layers on top of the parent's.
      # config-only: no layers. rebase: its layers on another parent. squash: the parent's layers made anew.
      kinds: [origin, import]
      # true: the team has to verify what it builds on, and say so, before it does.
      intake: false
      approvals:
        needed: 0
        roles: {}
        signers: []

    - name: app
      repositories: [prod/*]
      teams:
        - team: payments
          signers: [app-key]
      kinds: [extend]
      intake: true
      # Fields of the configuration that it may change; without this line, all.
      mayChange: [Cmd, Entrypoint, Env, ExposedPorts, Labels, User, WorkingDir]
      # Layers that it may add; without this line, any number.
      maxNewLayers: 20
      # Two different people with different keys; nobody of the team.
      approvals:
        needed: 2
        roles:
          security: [alice]
          release: [bob]
        # How many of them in a role; without these lines, any mix will do.
        neededByRole:
          security: 1
        signers: [alice-key, bob-key]
        notByTheTeam: true

# Keys that do not count any more, by their id (wharf key show).
# revocations:
#   - keyId: 64 hex digits
#     revokedAt: 2026-11-01T00:00:00Z
#     reason: laptop lost
`;
