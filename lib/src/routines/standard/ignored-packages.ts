/** The parameter of routines about vulnerabilities that says in which packages they do not count. */
export const ignoredPackages = `ignorePackages:
        type: strings
        description: >-
          packages whose vulnerabilities do not count, a * at the end for any rest: by default the headers of the kernel, which is
          none that an image runs; malicious ones count all the same
        tightens: fewer
        default: [linux-libc-dev, linux-headers, 'linux-headers-*', 'linux-kbuild-*', linux-glibc-devel, kernel-headers, kernel-cross-headers, kernel-devel]`;

/** Variables beside it: names of the packages that are left out, and what was found in them. */
export const ignoredFindings = `ignored: >-
        findings.map(f, f.package).distinct().filter(n, params.ignorePackages.exists(p, p == n ||
        (p.endsWith("*") && n.startsWith(p.substring(0, size(p) - 1)))))
      noise: findings.filter(f, !f.malicious && f.package in ignored)`;
