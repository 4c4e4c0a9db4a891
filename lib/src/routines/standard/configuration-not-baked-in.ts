/** An image that knows where it runs has to be built again for every place. */
export const configurationNotBakedIn = String.raw`
  - name: configuration-not-baked-in
    title: Configuration is not baked in
    description: >-
      No environment variable of the image names a machine of one environment (a host name with prod, staging and the like
      as a part of it), or an inner address. Code belongs into the image; what differs from place to place is given to the container.
    needs: [config]
    parameters:
      environments:
        type: strings
        description: words by which host names tell an environment
        tightens: more
        default: [prod, production, preprod, staging, stage, stg, uat, qa]
      ignored:
        type: strings
        description: names of variables that may say so
        tightens: fewer
        default: []
    variables:
      host: '"(?i)(^|[/@.-])(" + params.environments.join("|") + ")[0-9]*[.-][a-z0-9.-]*[a-z0-9]"'
      inner: '"(^|[/@])(10|192[.]168|172[.](1[6-9]|2[0-9]|3[01]))[.][0-9]+[.][0-9]+"'
      variables: image.config.env.filter(e, e.indexOf("=") > 0)
      found: >-
        variables.filter(e, !(e.substring(0, e.indexOf("=")) in params.ignored) &&
        (e.substring(e.indexOf("=") + 1).matches(host) || e.substring(e.indexOf("=") + 1).matches(inner)))
        .map(e, e.substring(0, e.indexOf("=")))
    expression: size(found) == 0
    message: >-
      "the environment variable " + found[0] + " names a machine of one environment" +
      (size(found) == 1 ? "" : "; and " + string(size(found) - 1) + " more do")
    details: found
    remedy: take the variable out of the image and set it where the container is started
    tests:
      - name: nothing of a place
        facts: { image: { config: { env: [NODE_ENV=production, PORT=8080, 'API=http://localhost:8080', STAGE=prod] } } }
        expect: pass
      - name: a staging host
        facts: { image: { config: { env: ['API_URL=https://api.staging.example.com/v1'] } } }
        expect: fail
        message: the environment variable API_URL names a machine of one environment
      - name: a production database
        facts: { image: { config: { env: [DB_HOST=prod-db.example.com] } } }
        expect: fail
      - name: an inner address
        facts: { image: { config: { env: ['REDIS=redis://10.1.2.3:6379', BROKER=192.168.1.7] } } }
        expect: fail
        message: and 1 more do
      - name: a word that only contains it
        facts: { image: { config: { env: ['URL=https://products.example.com'] } } }
        expect: pass
      - name: one that may
        facts: { image: { config: { env: ['URL=https://docs.prod.example.com'] } } }
        parameters: { ignored: [URL] }
        expect: pass
      - name: no configuration
        facts: { image: { config: null } }
        expect: undecided
`;
