const componentShape = /^[a-z0-9*._-]+$/;

/**
 * What is wrong with a repository pattern, for a person; undefined if nothing is.
 *
 * A pattern is a repository name in which `*` stands for any characters within one component and a component `**` for
 * any number of components: `team/app`, `team/*`, `team/web-*`, `team/**`, `**`. At the end `**` stands for at least
 * one component (`team/**` is everything below team), elsewhere for none as well (`**` + `/app` is every app).
 */
export function mistakeInPattern(pattern: string): string | undefined {
  if (pattern.length === 0) return 'it is empty';
  if (pattern.length > 255) return 'it is longer than 255 characters';
  for (const component of pattern.split('/')) {
    if (component === '') return 'it has an empty component';
    if (!componentShape.test(component))
      return `${JSON.stringify(component)} has characters that no repository name has`;
    if (component.includes('**') && component !== '**') return '** must stand alone between slashes';
  }
  return undefined;
}

/** True if the repository name is one of those that the pattern stands for. */
export function matchesRepository(pattern: string, repository: string): boolean {
  return matchesComponents(pattern.split('/'), repository.split('/'));
}

/**
 * The entry that counts for a repository: of those that match, the one whose pattern is most specific, which is the
 * one with the longest part before its first `*`; then an exact name before a pattern; then the one with more
 * characters that are not `*`; then the one that stands first.
 */
export function mostSpecific<T extends { readonly pattern: string }>(
  entries: readonly T[],
  repository: string,
): T | undefined {
  return matchingEntries(entries, repository)[0];
}

/** All entries whose pattern matches, the most specific first. */
export function matchingEntries<T extends { readonly pattern: string }>(
  entries: readonly T[],
  repository: string,
): T[] {
  return entries
    .filter((entry) => matchesRepository(entry.pattern, repository))
    .sort((a, b) => comparePatterns(a.pattern, b.pattern));
}

/**
 * True if every repository that `inner` can stand for is one that `outer` stands for. Where that takes more than a look it
 * answers false: `outer` is the same pattern, `**`, one that ends in `/**` below whose plain names `inner` lies, or a pattern
 * that matches a plain name.
 */
export function coversPattern(outer: string, inner: string): boolean {
  if (outer === inner || outer === '**') return true;
  if (!inner.includes('*')) return matchesRepository(outer, inner);
  const above = outer.endsWith('/**') ? outer.slice(0, -'**'.length) : '*';
  return !above.includes('*') && inner.startsWith(above);
}

/** Orders patterns that match one repository: the more specific first, 0 for equally specific ones. */
function comparePatterns(a: string, b: string): number {
  return (
    literalPrefix(b) - literalPrefix(a) ||
    Number(a.includes('*')) - Number(b.includes('*')) ||
    b.replaceAll('*', '').length - a.replaceAll('*', '').length
  );
}

function literalPrefix(pattern: string): number {
  const star = pattern.indexOf('*');
  return star < 0 ? pattern.length : star;
}

/** Dynamic programming over components: patterns come from many hands, so no backtracking that could explode. */
function matchesComponents(pattern: readonly string[], name: readonly string[]): boolean {
  // reachable[n]: the pattern components so far can stand for the first n components of the name
  let reachable = [true, ...name.map(() => false)];
  for (const [index, component] of pattern.entries()) {
    const next = reachable.map(() => false);
    const last = index === pattern.length - 1;
    let open = false;
    for (let n = 0; n <= name.length; n += 1) {
      if (component === '**') {
        next[n] = last ? open : open || reachable[n] === true;
        open ||= reachable[n] === true;
      } else if (n > 0) {
        next[n] = reachable[n - 1] === true && matchesGlob(component, name[n - 1] ?? '');
      }
    }
    reachable = next;
  }
  return reachable[name.length] === true;
}

/** True if the text is one that the glob stands for, where `*` is any characters. Takes back only to the last `*`: at most quadratic. */
export function matchesGlob(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let mark = 0;
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p;
      p += 1;
      mark = t;
    } else if (pattern[p] === text[t]) {
      p += 1;
      t += 1;
    } else if (star >= 0) {
      p = star + 1;
      mark += 1;
      t = mark;
    } else return false;
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}
