/** Distributions that build some packages several times, in streams of modules, of which an image has one. */
const modular = /^(?:AlmaLinux|Rocky Linux|Red Hat):/;

/** How releases of packages that were built in a module are marked: `2.module_el8.5.0+2618+8d46dafd`. */
const marked = /\.module[_+]el\d/;

/** Some stream of a module, nobody knows which. */
export const someModule = '*';

/** True for a version of a package that was built in a module, of a distribution that has them. */
export function isModular(ecosystem: string, version: string): boolean {
  return modular.test(ecosystem) && marked.test(version);
}

/**
 * The module of a package, `name:stream`; undefined: it was built in none.
 * @param label as rpm records it: `name:stream:version:context:architecture`
 */
export function moduleOfPackage(
  ecosystem: string,
  version: string,
  label: string | undefined,
): string | undefined {
  const [, module] = /^([^:\s()]+:[^:\s()]+)/.exec(label ?? '') ?? [];
  if (module !== undefined && modular.test(ecosystem)) return module;
  return isModular(ecosystem, version) ? someModule : undefined;
}

/** An ecosystem with the module to which a package, or an entry of an advisory, belongs: `AlmaLinux:8 (nodejs:12)`. */
export function withModule(ecosystem: string, module: string | undefined): string {
  return module === undefined ? ecosystem : `${withoutModule(ecosystem)} (${module})`;
}

/** The ecosystem and release alone. */
export function withoutModule(ecosystem: string): string {
  const blank = modular.test(ecosystem) ? ecosystem.indexOf(' (') : -1;
  return blank < 0 ? ecosystem : ecosystem.slice(0, blank);
}

/** The module in which packages of an ecosystem, as `withModule` wrote it, were built. */
export function moduleIn(ecosystem: string): string | undefined {
  const bare = withoutModule(ecosystem);
  return bare === ecosystem ? undefined : ecosystem.slice(bare.length + 2, -1);
}
