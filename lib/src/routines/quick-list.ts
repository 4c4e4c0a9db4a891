import { celList, type CelList, type CelValue } from '@bufbuild/cel';
import { numbersOf, rounds, type Numbers } from './element-numbers.ts';

const elements = Symbol('its elements');
const numbers = Symbol('the numbers of its elements');

type QuickList = CelList & { readonly [elements]?: readonly CelValue[]; [numbers]?: Numbers | undefined };

/**
 * A list of values that are CEL's already: to go through it needs no conversion. The array is not to be changed afterwards.
 * @param known the numbers of its elements; absent: not asked for yet
 */
export function quickList(values: readonly CelValue[], known?: Numbers): CelList {
  return Object.assign(celList(values), { [elements]: values, [numbers]: known });
}

/** The elements of a list, in the quickest way that there is. */
export function elementsOf(list: CelList): readonly CelValue[] {
  return (list as QuickList)[elements] ?? [...list];
}

/** The numbers of its elements in this round; undefined where they have none. */
export function numbersIn(list: CelList): Numbers | undefined {
  const quick = list as QuickList;
  const values = quick[elements];
  if (values === undefined) return undefined;
  if (quick[numbers]?.round !== rounds.current) quick[numbers] = numbersOf(values);
  return quick[numbers];
}
