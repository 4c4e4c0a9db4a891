import { refuse } from '../../signing/refusal.ts';
import { objectOf, type Fields } from '../../signing/strict-fields.ts';
import {
  absent,
  documentOf,
  optionalList,
  optionalObject,
  optionalText,
  textOf,
} from './predicate-fields.ts';
import {
  productOf,
  productsOf,
  timeOf,
  vexStatuses,
  type Product,
  type VexImage,
  type VexStatement,
} from './vex.ts';

/**
 * Reads an OpenVEX document (openvex/spec, 0.2.0, and what is different in 0.0.1). What it says of other products than the
 * image and its packages is left out. Refuses by `refuse`.
 */
export function readOpenVex(predicate: unknown, image: VexImage): VexStatement[] {
  const fields = documentOf(predicate, 'the OpenVEX document');
  const context = textOf(fields['@context'], '@context');
  if (!context.startsWith('https://openvex.dev/ns')) refuse('its @context is not that of OpenVEX');
  const made = timeOf(fields['last_updated']) || timeOf(fields['timestamp']);
  return optionalList(fields['statements'], 'statements').flatMap((value, at) =>
    readStatement(objectOf(value, `statements[${at}]`), `statements[${at}]`, made, image),
  );
}

function readStatement(fields: Fields, where: string, made: number, image: VexImage): VexStatement[] {
  const status =
    vexStatuses.find((known) => known === fields['status']) ??
    refuse(`${where}.status is not one of ${vexStatuses.join(', ')}`);
  const justification = optionalText(fields['justification'], `${where}.justification`);
  if (status === 'not_affected' && justification === undefined && absent(fields['impact_statement']))
    refuse(`${where} says not_affected and not why`);
  const products = productsOf(
    optionalList(fields['products'], `${where}.products`).flatMap((product, at) =>
      readProduct(product, `${where}.products[${at}]`, image),
    ),
  );
  if (products === undefined) return [];
  return [
    {
      ...readVulnerability(fields['vulnerability'], `${where}.vulnerability`),
      status,
      ...(justification === undefined ? {} : { justification }),
      products,
      at: timeOf(fields['last_updated']) || timeOf(fields['timestamp']) || made,
    },
  ];
}

/** A text in 0.0.1, an object since. */
function readVulnerability(value: unknown, where: string): Pick<VexStatement, 'vulnerability' | 'aliases'> {
  if (typeof value === 'string') return { vulnerability: textOf(value, where), aliases: [] };
  const fields = objectOf(value, where);
  const aliases = optionalList(fields['aliases'], `${where}.aliases`);
  return {
    vulnerability: textOf(fields['name'], `${where}.name`),
    aliases: aliases.map((alias, at) => textOf(alias, `${where}.aliases[${at}]`)),
  };
}

/** Where a product has subcomponents, they are what is meant, if the product is this image or a package of it. */
function readProduct(value: unknown, where: string, image: VexImage): Product[] {
  const product = readComponent(value, where, image);
  if (product === 'other' || typeof value === 'string') return [product];
  const subcomponents = optionalList(objectOf(value, where)['subcomponents'], `${where}.subcomponents`);
  if (subcomponents.length === 0) return [product];
  return subcomponents.map((one, at) => readComponent(one, `${where}.subcomponents[${at}]`, image));
}

function readComponent(value: unknown, where: string, image: VexImage): Product {
  if (typeof value === 'string') return productOf(textOf(value, where), image, where);
  const fields = objectOf(value, where);
  const identifiers = optionalObject(fields['identifiers'], `${where}.identifiers`);
  const text =
    optionalText(identifiers['purl'], `${where}.identifiers.purl`) ?? textOf(fields['@id'], `${where}.@id`);
  return productOf(text, image, where);
}
