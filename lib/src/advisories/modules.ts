import { isModular, moduleIn, someModule, withModule } from '../inspect/module-streams.ts';
import type { Affected } from './advisory.ts';
import { versionOrder } from './versions/order.ts';

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
 * True for a package of a module in a build that an entry calls fixed, or in a later one of the same release of the same source. One
 * advisory names the builds for all minor releases of the distribution, each with a number of its own: against the later ones an
 * earlier one looks old, though it is fixed too.
 */
export function isFixedBuild(
  entries: readonly Affected[],
  { ecosystem, version }: { readonly ecosystem: string; readonly version: string },
): boolean {
  if (moduleIn(ecosystem) === undefined) return false;
  const order = versionOrder(ecosystem);
  return entries.some(({ ranges }) =>
    ranges.some(({ events }) =>
      events.some(
        (event) =>
          'fixed' in event &&
          releaseOf(event.fixed) === releaseOf(version) &&
          order !== undefined &&
          order(event.fixed, version) <= 0,
      ),
    ),
  );
}

/** What the build of a module was made of. Some write an epoch of 0, others leave it out. */
function releaseOf(version: string): string {
  return version.replace(/^0:/, '').replace(/\.module[_+]el\d.*$/s, '');
}
