/** Files that are not what packages brought. */
export const noTampering = String.raw`
  - name: no-tampering
    title: Files of packages are as the packages brought them
    description: >-
      No file of a package was changed or taken away, no layer rewrote what the package manager says of a package, and all of it could
      be compared. What documentation was left out does not count; whether configuration that was changed does is a parameter.
      Packages of some languages (npm and others) record nothing of their files: of those nobody can tell.
    needs: [inventory]
    parameters:
      configuration:
        type: string
        description: whether an image passes whose configuration files were changed
        choices: [pass, fail]
        tightens: up
        default: pass
    variables:
      known: has(inventory.contamination)
      kinds: >-
        params.configuration == "fail" ? ["modified", "missing", "record-rewritten", "configuration"] :
        ["modified", "missing", "record-rewritten"]
      counts: 'known ? inventory.contamination.counts : {"modified": 0, "missing": 0, "recordRewritten": 0, "configuration": 0}'
      total: >-
        counts.modified + counts.missing + counts.recordRewritten + (params.configuration == "fail" ? counts.configuration : 0)
      found: 'known ? inventory.contamination.files.filter(f, f.kind in kinds) : []'
    expression: known && inventory.contamination.complete && total == 0
    message: >-
      !known ? "its files were not compared with what its packages recorded" :
      total == 0 ? "not everything could be compared: " +
      (has(inventory.contamination.reason) ? inventory.contamination.reason : "it is not said why") :
      string(total) + (total == 1 ? " file is" : " files are") + " not as packages brought them" + (size(found) == 0 ? "" :
      ": " + found[0].path + " (" + found[0].kind + ", layer " + string(found[0].layer) + ")")
    details: >-
      found.map(f, "layer " + string(f.layer) + " " + f.kind + " " + f.path +
      (has(f.package) ? " of " + f.package : "") + (has(f.detail) ? ": " + f.detail : ""))
    remedy: >-
      install packages by their package manager and leave their files alone; put programs of your own into folders of their own
    tests:
      - name: as packages brought them
        facts: {}
        expect: pass
      - name: a program that was changed
        facts:
          inventory:
            contamination: { counts: { modified: 1 }, files: [{ path: usr/bin/ls, package: coreutils, layer: 1 }] }
        expect: fail
        message: '1 file is not as packages brought them: usr/bin/ls (modified, layer 1)'
      - name: a library that was taken away
        facts: { inventory: { contamination: { counts: { missing: 1 }, files: [{ kind: missing, layer: 2 }] } } }
        expect: fail
      - name: a record that was rewritten, more of them than are listed
        facts: { inventory: { contamination: { counts: { recordRewritten: 500 } } } }
        expect: fail
        message: 500 files are not as packages brought them
      - name: documentation that was left out
        facts: { inventory: { contamination: { counts: { missingDocumentation: 700 } } } }
        expect: pass
      - name: configuration that was changed
        facts: { inventory: { contamination: { counts: { configuration: 1 }, files: [{ kind: configuration }] } } }
        expect: pass
      - name: configuration that was changed, where that counts
        parameters: { configuration: fail }
        facts: { inventory: { contamination: { counts: { configuration: 1 }, files: [{ kind: configuration }] } } }
        expect: fail
      - name: something that could not be compared
        facts: { inventory: { contamination: { complete: false, reason: 1 file was not hashed, counts: { unchecked: 1 } } } }
        expect: fail
        message: 'not everything could be compared: 1 file was not hashed'
      - name: nothing known of its files
        facts: { inventory: { contamination: null } }
        expect: fail
        message: were not compared
      - name: not inspected yet
        facts: { inventory: null }
        expect: undecided
`;
