/** Ports that people, not programs, connect to. */
export const noAdministrationPorts = String.raw`
  - name: no-administration-ports
    title: No ports for administration
    description: The configuration exposes no port through which machines are administered, such as that of SSH.
    needs: [config]
    parameters:
      ports:
        type: strings
        description: port and protocol, as the configuration writes them
        tightens: more
        default: [22/tcp, 23/tcp, 2375/tcp, 2376/tcp, 3389/tcp, 5900/tcp]
    variables:
      found: >-
        image.config.exposedPorts.filter(p, (p.contains("/") ? p : p + "/tcp") in params.ports)
    expression: size(found) == 0
    message: '"exposes " + found.join(", ")'
    remedy: take the port and what listens there out of the image
    tests:
      - name: a port of its own
        facts: { image: { config: { exposedPorts: [8080/tcp] } } }
        expect: pass
      - name: SSH
        facts: { image: { config: { exposedPorts: [8080/tcp, '22'] } } }
        expect: fail
        message: exposes 22
      - name: no configuration
        facts: { image: { config: null } }
        expect: undecided
      - name: the same number of another protocol
        facts: { image: { config: { exposedPorts: [22/udp] } } }
        expect: pass
`;
