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
  timeOf,
  vexStatuses,
  type StatedProduct,
  type StatedVex,
  type VexDocument,
} from './vex.ts';

/** Reads an OpenVEX document (openvex/spec, 0.2.0, and what is different in 0.0.1). Refuses by `refuse`. */
export function readOpenVex(predicate: unknown): VexDocument {
  const fields = documentOf(predicate, 'the OpenVEX document');
  const context = textOf(fields['@context'], '@context');
  if (!context.startsWith('https://openvex.dev/ns')) refuse('its @context is not that of OpenVEX');
  const made = timeOf(fields['last_updated']) || timeOf(fields['timestamp']);
  const [id, author] = [optionalText(fields['@id'], '@id'), optionalText(fields['author'], 'author')];
  return {
    ...(id === undefined ? {} : { id }),
    ...(author === undefined ? {} : { author }),
    statements: optionalList(fields['statements'], 'statements').map((value, at) =>
      readStatement(objectOf(value, `statements[${at}]`), `statements[${at}]`, made),
    ),
  };
}

function readStatement(fields: Fields, where: string, made: number): StatedVex {
  const status =
    vexStatuses.find((known) => known === fields['status']) ??
    refuse(`${where}.status is not one of ${vexStatuses.join(', ')}`);
  const justification = optionalText(fields['justification'], `${where}.justification`);
  if (status === 'not_affected' && justification === undefined && absent(fields['impact_statement']))
    refuse(`${where} says not_affected and not why`);
  const listed = optionalList(fields['products'], `${where}.products`);
  return {
    ...readVulnerability(fields['vulnerability'], `${where}.vulnerability`),
    status,
    ...(justification === undefined ? {} : { justification }),
    ...(listed.length > 0 && {
      products: listed.flatMap((product, at) => readProduct(product, `${where}.products[${at}]`)),
    }),
    at: timeOf(fields['last_updated']) || timeOf(fields['timestamp']) || made,
  };
}

/** A text in 0.0.1, an object since. */
function readVulnerability(value: unknown, where: string): Pick<StatedVex, 'vulnerability' | 'aliases'> {
  if (typeof value === 'string') return { vulnerability: textOf(value, where), aliases: [] };
  const fields = objectOf(value, where);
  const aliases = optionalList(fields['aliases'], `${where}.aliases`);
  return {
    vulnerability: textOf(fields['name'], `${where}.name`),
    aliases: aliases.map((alias, at) => textOf(alias, `${where}.aliases[${at}]`)),
  };
}

/** Where a product has subcomponents, they are what is meant, as parts of it. */
function readProduct(value: unknown, where: string): StatedProduct[] {
  const product = readComponent(value, where);
  if (typeof value === 'string') return [product];
  const subcomponents = optionalList(objectOf(value, where)['subcomponents'], `${where}.subcomponents`);
  if (subcomponents.length === 0) return [product];
  return subcomponents.flatMap((one, at) =>
    partOf(product, readComponent(one, `${where}.subcomponents[${at}]`)),
  );
}

function partOf(whole: StatedProduct, part: StatedProduct): StatedProduct[] {
  if (part.purl === undefined) return part.image === whole.image ? [part] : [];
  return [whole.purl === undefined ? { ...whole, ...part } : { ...part, within: whole.purl }];
}

function readComponent(value: unknown, where: string): StatedProduct {
  if (typeof value === 'string') return productOf(textOf(value, where), where);
  const fields = objectOf(value, where);
  const identifiers = optionalObject(fields['identifiers'], `${where}.identifiers`);
  const text =
    optionalText(identifiers['purl'], `${where}.identifiers.purl`) ?? textOf(fields['@id'], `${where}.@id`);
  return productOf(text, where);
}
