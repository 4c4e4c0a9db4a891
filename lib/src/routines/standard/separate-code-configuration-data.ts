/** An image is code; what differs from place to place, and what changes while it runs, lies outside of it. */
export const separateCodeConfigurationData = String.raw`
  - name: separate-code-configuration-data
    title: Code, configuration and data are apart
    description: >-
      The image holds no databases, dumps or other data, and no configuration of one environment, network or machine. Which sorts
      there are is said in the guide of what does not belong into an image.
    needs: [inventory]
    parameters:
      kinds:
        type: strings
        description: what must not lie in it, of data, configuration, cache and history
        tightens: more
        default: [data, configuration]
      allowedSorts:
        type: strings
        description: sorts that may, such as sqlite-database
        tightens: fewer
        default: []
      allowedPaths:
        type: strings
        description: files and folders that may, without a slash in front, a * at the end for any rest
        tightens: fewer
        default: []
    variables:
      known: has(inventory.baked)
      counted: >-
        !known ? 0 : ("data" in params.kinds ? inventory.baked.counts.data : 0) +
        ("configuration" in params.kinds ? inventory.baked.counts.configuration : 0) +
        ("cache" in params.kinds ? inventory.baked.counts.cache : 0) + ("history" in params.kinds ? inventory.baked.counts.history : 0)
      listed: 'known ? inventory.baked.places.filter(p, p.kind in params.kinds) : []'
      found: >-
        listed.filter(f, !(f.id in params.allowedSorts) && !params.allowedPaths.exists(p, p == f.path ||
        (p.endsWith("*") && f.path.startsWith(p.substring(0, size(p) - 1)))))
      total: counted - (size(listed) - size(found))
    expression: known && inventory.baked.complete && total == 0
    message: >-
      !known ? "it is not known what it holds besides code" : total == 0 ? "not all of its files could be looked at" :
      size(found) == 0 ? string(total) + " places that are not listed hold data or configuration" :
      found[0].path + ": " + found[0].what + (total == 1 ? "" : "; and " + string(total - 1) + " more")
    details: found.map(f, "layer " + string(f.layer) + " " + f.path + " " + f.what + ", " + f.remedy)
    remedy: keep data in volumes or databases, and give configuration to the container when it starts
    tests:
      - name: code alone
        facts: {}
        expect: pass
      - name: a database
        facts: { inventory: { baked: { counts: { data: 1 }, places: [{}] } } }
        expect: fail
        message: 'app/db.sqlite: database of SQLite'
      - name: an allowed sort
        facts: { inventory: { baked: { counts: { data: 1 }, places: [{}] } } }
        parameters: { allowedSorts: [sqlite-database] }
        expect: pass
      - name: an allowed path
        facts: { inventory: { baked: { counts: { data: 1 }, places: [{}] } } }
        parameters: { allowedPaths: ['app/*'] }
        expect: pass
      - name: a cache
        facts: { inventory: { baked: { counts: { cache: 1 }, places: [{ kind: cache }] } } }
        expect: pass
      - name: a cache, where none may be
        facts: { inventory: { baked: { counts: { cache: 1 }, places: [{ kind: cache }] } } }
        parameters: { kinds: [data, configuration, cache] }
        expect: fail
      - name: more than are listed
        facts: { inventory: { baked: { counts: { data: 300 } } } }
        expect: fail
      - name: not all looked at
        facts: { inventory: { baked: { complete: false } } }
        expect: fail
        message: not all of its files could be looked at
      - name: nothing known of it
        facts: { inventory: { baked: null } }
        expect: fail
      - name: not inspected yet
        facts: { inventory: null }
        expect: undecided
`;
