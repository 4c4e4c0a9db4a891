/** Files among those of packages that no package brought. */
export const noUnownedSystemFiles = String.raw`
  - name: no-unowned-system-files
    title: No files of nobody where only packages put files
    description: >-
      Every file in the folders of programs and libraries of the system (bin, lib, usr/bin, usr/lib and the like, not usr/local) is a
      package's, but for what tools make of the files of packages, such as caches, and for those allowed. Images without a
      distribution have no such folders.
    needs: [inventory]
    parameters:
      allowed:
        type: strings
        description: paths without a slash in front; one that ends with a slash stands for all below it
        tightens: fewer
        default: []
    variables:
      known: has(inventory.contamination)
      all: 'known ? inventory.contamination.files.filter(f, f.kind == "unowned") : []'
      found: >-
        all.filter(f, !params.allowed.exists(a, a == f.path || (a.endsWith("/") && f.path.startsWith(a))))
      total: 'known ? inventory.contamination.counts.unowned - (size(all) - size(found)) : 0'
    expression: known && total == 0
    message: >-
      !known ? "its files were not compared with what its packages recorded" :
      string(total) + (total == 1 ? " file is" : " files are") + " no package\'s" + (size(found) == 0 ? "" :
      ": " + found[0].path + " (layer " + string(found[0].layer) + ")")
    details: found.map(f, "layer " + string(f.layer) + " " + f.path)
    remedy: put programs of your own into folders of their own, such as usr/local or opt, or install them as packages
    tests:
      - name: none
        facts: {}
        expect: pass
      - name: a program
        facts: { inventory: { contamination: { counts: { unowned: 1 }, files: [{ kind: unowned, path: usr/bin/x, layer: 1 }] } } }
        expect: fail
        message: "1 file is no package's: usr/bin/x (layer 1)"
      - name: an allowed one
        parameters: { allowed: [usr/lib/app/] }
        facts: { inventory: { contamination: { counts: { unowned: 1 }, files: [{ kind: unowned, path: usr/lib/app/x }] } } }
        expect: pass
      - name: allowed ones, and more than are listed
        parameters: { allowed: [usr/lib/app/] }
        facts: { inventory: { contamination: { counts: { unowned: 9 }, files: [{ kind: unowned, path: usr/lib/app/x }] } } }
        expect: fail
        message: "8 files are no package's"
      - name: nothing known of its files
        facts: { inventory: { contamination: null } }
        expect: fail
        message: were not compared
      - name: not inspected yet
        facts: { inventory: null }
        expect: undecided
`;
