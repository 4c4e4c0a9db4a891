import { isModular, moduleIn, someModule, withModule } from '../inspect/modules.ts';
import type { Affected } from './advisory.ts';

/** A stream as people write it: `nodejs:12`. */
const stream = /(?:^|\s)([a-z0-9][\w.+-]*:[\w.+-]*[\w+])(?=[\s/]|$)/i;

/**
 * An entry of an advisory with the module that it is about, where it is about one. Records have no field for it: the fixed version
 * tells that it is one, the summary which.
 */
export function inModule(entry: Affected, summary: string): Affected {
  const fixes = entry.ranges.flatMap(({ events }) =>
    events.flatMap((event) => ('fixed' in event ? [event.fixed] : [])),
  );
  if (![...fixes, ...entry.versions].some((version) => isModular(entry.ecosystem, version))) return entry;
  const module = stream.exec(summary)?.[1] ?? someModule;
  return { ...entry, ecosystem: withModule(entry.ecosystem, module) };
}

/** True where an entry may be about a package as far as modules go: of the same stream, or of one that is not known. */
export function sameModule(a: string, b: string): boolean {
  const [left, right] = [moduleIn(a), moduleIn(b)];
  if (left === right) return true;
  return left !== undefined && right !== undefined && (left === someModule || right === someModule);
}

/**
 * True for a package of a module in the very build that an entry calls fixed. One advisory names the builds for all minor releases of
 * the distribution, each with a number of its own: against the later ones an earlier one looks old, though it is fixed too.
 */
export function isFixedBuild(
  entries: readonly Affected[],
  { ecosystem, version }: { readonly ecosystem: string; readonly version: string },
): boolean {
  if (moduleIn(ecosystem) === undefined) return false;
  return entries.some(({ ranges }) =>
    ranges.some(({ events }) =>
      events.some((event) => 'fixed' in event && isSameBuild(event.fixed, version)),
    ),
  );
}

/** Some write an epoch of 0, others leave it out. */
function isSameBuild(a: string, b: string): boolean {
  return a.replace(/^0:/, '') === b.replace(/^0:/, '');
}
