/** The user that the configuration starts the image as. */
export const nonRoot = String.raw`
  - name: non-root
    title: Does not run as root
    description: >-
      The configuration names a user that is not root: neither empty nor root nor the number 0, alone or with a group.
      A user by name counts as not root; what the name maps to is decided by a file in the image.
    needs: [config]
    variables:
      user: image.config.user.split(":")[0]
    expression: '!user.matches("^(root|[+-]?0*)$")'
    message: >-
      image.config.user == "" ? "runs as root, because it names no user" :
      "runs as root (user " + image.config.user + ")"
    remedy: add a USER line with a user other than root to the Dockerfile and build the image again
    tests:
      - name: a number
        facts: { image: { config: { user: '1000' } } }
        expect: pass
      - name: a name and a group
        facts: { image: { config: { user: 'node:node' } } }
        expect: pass
      - name: the group root does not matter
        facts: { image: { config: { user: '1001:0' } } }
        expect: pass
      - name: a number that ends in 0
        facts: { image: { config: { user: '10' } } }
        expect: pass
      - name: nobody named
        facts: { image: { config: { user: '' } } }
        expect: fail
        message: runs as root, because it names no user
      - name: root by name
        facts: { image: { config: { user: root } } }
        expect: fail
        message: runs as root (user root)
      - name: root by number and group
        facts: { image: { config: { user: '0:0' } } }
        expect: fail
      - name: root with a group only
        facts: { image: { config: { user: ':1000' } } }
        expect: fail
      - name: root in disguise
        facts: { image: { config: { user: '+00' } } }
        expect: fail
      - name: configuration not readable
        facts: { image: { config: null } }
        expect: undecided
        message: configuration is missing or could not be read
      - name: an index has no user
        facts: { image: { kind: index, config: null } }
        expect: skipped
`;
