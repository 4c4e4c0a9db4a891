import type { Package } from '../inspect/inventory.ts';
import { choicesOf } from '../inspect/licences/choices.ts';
import { isOfSystem } from '../inspect/packages/package-types.ts';
import type { LicenceFact } from '../routines/facts/contents.ts';

/** Under what the packages of an image are: one for each licence, in the order of the packages that are first under it. */
export function licenceFacts(packages: readonly Package[]): LicenceFact[] {
  const groups = new Map<
    string,
    { readonly first: Package; readonly system: boolean; readonly of: string[] }
  >();
  for (const one of packages) {
    const { type, name, version, spdx, partly, licenceFrom, licence } = one;
    // What the distribution's own package brought is handed on by the distribution.
    const system = isOfSystem(type) || one.owner !== undefined;
    const key = JSON.stringify([system, spdx, partly, licenceFrom, spdx === undefined ? licence : '']);
    const named = `${type} ${name} ${version}`;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { first: one, system, of: [named] });
    else known.of.push(named);
  }
  return [...groups.values()].map(({ first, system, of }) => {
    const { spdx, partly, licenceFrom } = first;
    return {
      ...(spdx === undefined ? {} : { spdx }),
      from: licenceFrom ?? 'nothing',
      unknown: partly?.unknown ?? [],
      choices: choicesOf(first),
      system,
      packages: of,
    };
  });
}
