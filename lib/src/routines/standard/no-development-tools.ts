/** What helps an intruder more than a program that runs. */
export const noDevelopmentTools = String.raw`
  - name: no-development-tools
    title: No development tools in production
    description: >-
      In repositories of the stages named, no package is a compiler, a debugger, a download tool or another of those named. Package
      managers are among them; where a distribution needs its own to be there, name the others.
    needs: [inventory, repository]
    parameters:
      packages:
        type: strings
        description: names of packages
        tightens: more
        default:
          - gcc
          - g++
          - make
          - gdb
          - strace
          - tcpdump
          - nmap
          - netcat-openbsd
          - netcat-traditional
          - socat
          - curl
          - wget
          - git
          - openssh-server
          - apt
          - apk-tools
          - npm
      stages:
        type: strings
        description: stages in which it is demanded
        tightens: more
        default: [production]
    variables:
      found: >-
        repository.stage in params.stages ? inventory.packages.filter(p, p.name in params.packages).map(p, p.name).distinct() : []
    expression: size(found) == 0
    message: '"contains " + found.join(", ")'
    remedy: build in one stage of the Dockerfile and copy the result into another, on a small base
    tests:
      - name: none
        facts: { repository: { stage: production }, inventory: { packages: [{}] } }
        expect: pass
      - name: some
        facts: { repository: { stage: production }, inventory: { packages: [{ name: gcc }, {}, { name: curl }] } }
        expect: fail
        message: contains gcc, curl
      - name: in development
        facts: { inventory: { packages: [{ name: gcc }] } }
        expect: pass
      - name: outside of a registry
        facts: { repository: null }
        expect: undecided
        message: nothing is known of its repository
      - name: not inspected yet
        facts: { inventory: null }
        expect: undecided
`;
