/** What stands between the engine and the program. */
export const noShellEntrypoint = String.raw`
  - name: no-shell-entrypoint
    title: Does not start through a shell
    description: >-
      The command that the configuration starts is a program and not a line for a shell (sh -c …), which keeps signals from the program and makes
      arguments into code.
    needs: [config]
    variables:
      command: image.config.entrypoint + image.config.cmd
    expression: >-
      size(command) < 2 || !command[0].matches("^(/(usr/)?bin/)?(ba|da|a|z|k)?sh$") || !command[1].matches("^-[a-z]*c$")
    message: '"starts through " + command[0] + " " + command[1]'
    remedy: 'write ENTRYPOINT and CMD as lists, such as ENTRYPOINT ["/app"]'
    tests:
      - name: a program
        facts: { image: { config: { entrypoint: [/app], cmd: [--serve] } } }
        expect: pass
      - name: a shell
        facts: { image: { config: { entrypoint: [], cmd: [/bin/sh, -c, 'exec /app'] } } }
        expect: fail
        message: starts through /bin/sh -c
      - name: another shell
        facts: { image: { config: { entrypoint: [bash, -ec], cmd: [/app] } } }
        expect: fail
      - name: a script
        facts: { image: { config: { entrypoint: [/bin/sh, /entrypoint.sh] } } }
        expect: pass
      - name: nothing
        facts: { image: { config: { entrypoint: [], cmd: [] } } }
        expect: pass
      - name: no configuration
        facts: { image: { config: null } }
        expect: undecided
`;
