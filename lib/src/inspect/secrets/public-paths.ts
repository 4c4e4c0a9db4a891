/** What people read: examples stand there. */
const documentation = /^usr\/(?:local\/)?share\/(?:doc|man|info|locale|i18n|zoneinfo|licenses)\//;

/** Libraries as their registries serve them, sources of Go as it is installed, and tests: keys in them are known to everybody. */
const libraries =
  /(?:^|\/)(?:node_modules|site-packages|dist-packages|gems|vendor|pkg\/mod|\.m2|\.cargo\/registry|bower_components|testdata|tests?|__tests__|__mocks__|fixtures?|specs?|examples?|samples?|demos?)\/|[._-](?:test|spec)s?\.[a-z]{1,5}$|^usr\/(?:local|lib)\/go(?:-[\d.]+)?\/src\/|^usr\/(?:share|lib)\/(?:perl|perl5|python3?|ruby|tcltk|nodejs)(?:[\d.]*)\//i;

/** True for files in which examples stand, and nothing is looked for. */
export function isDocumentationPath(path: string): boolean {
  return documentation.test(path);
}

/** True for files that many have, so that a key in them protects nothing. */
export function isPublicPath(path: string): boolean {
  return libraries.test(path);
}
