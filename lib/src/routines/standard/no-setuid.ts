/** Programs that give more rights than their user has. */
export const noSetuid = String.raw`
  - name: no-setuid
    title: No programs that run with the rights of others
    description: >-
      No file has a setuid or setgid bit or capabilities, but for those allowed where a package brought them. The default is what
      Debian's and Alpine's own base images have.
    needs: [inventory]
    parameters:
      allowed:
        type: strings
        description: paths without a slash in front, as they are when links are followed
        tightens: fewer
        default:
          - bin/bbsuid
          - bin/mount
          - bin/su
          - bin/umount
          - sbin/unix_chkpwd
          - usr/bin/chage
          - usr/bin/chfn
          - usr/bin/chsh
          - usr/bin/expiry
          - usr/bin/gpasswd
          - usr/bin/mount
          - usr/bin/newgrp
          - usr/bin/passwd
          - usr/bin/su
          - usr/bin/umount
          - usr/sbin/unix_chkpwd
    variables:
      known: has(inventory.contamination)
      all: 'known ? inventory.contamination.files.filter(f, f.kind == "setuid" || f.kind == "capability") : []'
      found: all.filter(f, !(f.path in params.allowed && has(f.package)))
      total: >-
        known ? inventory.contamination.counts.setuid + inventory.contamination.counts.capability - (size(all) - size(found)) : 0
    expression: known && total == 0
    message: >-
      !known ? "it is not known which rights its files have" :
      string(total) + (total == 1 ? " file gives" : " files give") + " rights of others" + (size(found) == 0 ? "" :
      ": " + found[0].path + (has(found[0].detail) ? " (" + found[0].detail + ")" : ""))
    details: >-
      found.map(f, "layer " + string(f.layer) + " " + f.path + (has(f.detail) ? " " + f.detail : "") +
      (has(f.package) ? " of " + f.package : ""))
    remedy: take the bits away (chmod a-s, setcap -r) or the programs, and run as the user who may do the work
    tests:
      - name: none
        facts: {}
        expect: pass
      - name: one of the base image
        facts:
          inventory:
            contamination: { counts: { setuid: 1 }, files: [{ kind: setuid, path: usr/bin/su, package: util-linux, detail: setuid }] }
        expect: pass
      - name: one in its place that no package brought
        facts:
          inventory: { contamination: { counts: { setuid: 1 }, files: [{ kind: setuid, path: usr/bin/su, detail: setuid }] } }
        expect: fail
        message: '1 file gives rights of others: usr/bin/su (setuid)'
      - name: a capability
        facts:
          inventory:
            contamination:
              counts: { capability: 1 }
              files: [{ kind: capability, path: opt/app, detail: cap_net_raw }]
        expect: fail
        message: '1 file gives rights of others: opt/app (cap_net_raw)'
      - name: more than are listed
        facts: { inventory: { contamination: { counts: { setuid: 200 } } } }
        expect: fail
      - name: nothing known of its files
        facts: { inventory: { contamination: null } }
        expect: fail
      - name: not inspected yet
        facts: { inventory: null }
        expect: undecided
`;
