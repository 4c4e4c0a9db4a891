import { celList, type CelList, type CelValue } from '@bufbuild/cel';

const elements = Symbol('its elements');

type QuickList = CelList & { readonly [elements]?: readonly CelValue[] };

/** A list of values that are CEL's already: to go through it needs no conversion. The array is not to be changed afterwards. */
export function quickList(values: readonly CelValue[]): CelList {
  return Object.assign(celList(values), { [elements]: values });
}

/** The elements of a list, in the quickest way that there is. */
export function elementsOf(list: CelList): Iterable<CelValue> {
  return (list as QuickList)[elements] ?? list;
}
