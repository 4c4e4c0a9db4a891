/** Programs and libraries that the compiler was told to protect. */
export const hardenedExecutables = String.raw`
  - name: hardened-executables
    title: Programs are built with the protections of compiler and linker
    description: >-
      Every program and library that is not just as a package of the distribution brought it has the protections demanded, and none is
      packed so that it cannot be looked into. Memory that is both written and run is refused in any case.
      What cannot be told of a file counts as missing, but for programs without libraries, which name no functions.
    needs: [inventory]
    parameters:
      demanded:
        type: strings
        description: which of pie, relro, full-relro, stack-protector and fortify
        tightens: more
        default: [pie, relro]
      exempt:
        type: strings
        description: languages whose programs need none of them, go or rust
        tightens: fewer
        default: [go]
    variables:
      known: has(inventory.executables)
      all: 'known ? inventory.executables.files.filter(e, e.type != "object") : []'
      found: >-
        all.filter(e, !e.nx || has(e.packer) || (!(has(e.language) && e.language in params.exempt) && (
        ("pie" in params.demanded && e.type == "program" && !(has(e.pie) && e.pie)) ||
        ("relro" in params.demanded && e.relro == "none") ||
        ("full-relro" in params.demanded && e.relro != "full") ||
        ("stack-protector" in params.demanded && has(e.stackProtector) && !e.stackProtector) ||
        ("fortify" in params.demanded && has(e.fortified) && !e.fortified) ||
        (("stack-protector" in params.demanded || "fortify" in params.demanded) && !has(e.stackProtector) &&
        (e.type == "library" || has(e.interpreter))))))
      unlisted: 'known ? inventory.executables.foreign - size(inventory.executables.files) : 0'
    expression: known && unlisted == 0 && size(found) == 0
    message: >-
      !known ? "its programs were not looked into" :
      size(found) == 0 ? "it has " + string(unlisted) + " more programs and libraries than could be judged" :
      string(size(found)) + (size(found) == 1 ? " program or library lacks" : " programs and libraries lack") +
      " protection: " + found[0].path + " (layer " + string(found[0].layer) + ")"
    details: >-
      found.map(e, "layer " + string(e.layer) + " " + e.path + ": " + (has(e.packer) ? "packed " : "") +
      (e.nx ? "" : "memory is written and run ") + "relro " + e.relro +
      (e.type == "program" && !(has(e.pie) && e.pie) ? ", not position independent" : ""))
    remedy: build with -fPIE -pie -fstack-protector-strong -D_FORTIFY_SOURCE=2 -Wl,-z,relro,-z,now, and do not pack
    tests:
      - name: none but those of the distribution
        facts: {}
        expect: pass
      - name: one with all of them
        parameters: { demanded: [pie, full-relro, stack-protector, fortify] }
        facts: { inventory: { executables: { foreign: 1, files: [{}] } } }
        expect: pass
      - name: one at a fixed address
        facts: { inventory: { executables: { foreign: 1, files: [{ pie: false }] } } }
        expect: fail
        message: '1 program or library lacks protection: usr/local/bin/app (layer 0)'
      - name: one of Go at a fixed address
        facts: { inventory: { executables: { foreign: 1, files: [{ pie: false, relro: none, language: go }] } } }
        expect: pass
      - name: one with a stack that is run, of Go
        facts: { inventory: { executables: { foreign: 1, files: [{ nx: false, language: go }] } } }
        expect: fail
      - name: a packed one
        facts: { inventory: { executables: { foreign: 1, files: [{ packer: upx }] } } }
        expect: fail
      - name: a library whose functions are not known
        parameters: { demanded: [stack-protector] }
        facts: { inventory: { executables: { foreign: 1, files: [{ type: library, stackProtector: null }] } } }
        expect: fail
      - name: a library without stack protection
        parameters: { demanded: [stack-protector] }
        facts: { inventory: { executables: { foreign: 1, files: [{ type: library, stackProtector: false }] } } }
        expect: fail
      - name: more than are listed
        facts: { inventory: { executables: { foreign: 1001 } } }
        expect: fail
        message: it has 1001 more programs and libraries than could be judged
      - name: not looked into
        facts: { inventory: { executables: null } }
        expect: fail
      - name: not inspected yet
        facts: { inventory: null }
        expect: undecided
`;
