import { isDigest } from '../../oci/digest.ts';
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
  type StatedProduct,
  type StatedVex,
  type VexDocument,
  type VexStatus,
} from './vex.ts';

/** Branches of a product tree; deeper than this nobody nests them. */
const deepest = 32;
/** Products of all trees together. */
const mostProducts = 100_000;
/** Ways in which one product is named. */
const mostNames = 100;

/** What a group of products is said to be. `recommended` and `first_affected` say nothing of a version at hand. */
const statuses: ReadonlyArray<readonly [field: string, status: VexStatus]> = [
  ['known_not_affected', 'not_affected'],
  ['fixed', 'fixed'],
  ['first_fixed', 'fixed'],
  ['known_affected', 'affected'],
  ['last_affected', 'affected'],
  ['under_investigation', 'under_investigation'],
];

/**
 * Reads a document of the VEX profile of CSAF (OASIS Common Security Advisory Framework 2.0 and 2.1, profile 5 `csaf_vex`): its
 * product tree as far as products are named by purl or by digest, the status of products, and flags that say why. A product that
 * is named otherwise is left out. Refuses by `refuse`.
 */
export function readCsafVex(predicate: unknown): VexDocument {
  const fields = documentOf(predicate, 'the CSAF document');
  const document = objectOf(fields['document'], 'document');
  if (document['category'] !== 'csaf_vex') refuse('its category is not csaf_vex');
  const version = textOf(document['csaf_version'], 'document.csaf_version');
  if (version !== '2.0' && version !== '2.1') refuse(`its version of CSAF is ${version}, not 2.0 or 2.1`);
  const tracking = optionalObject(document['tracking'], 'document.tracking');
  if (tracking['status'] === 'draft') refuse('it is a draft');
  const made = timeOf(tracking['current_release_date']);
  const products = readTree(optionalObject(fields['product_tree'], 'product_tree'));
  const id = optionalText(tracking['id'], 'document.tracking.id');
  const publisher = optionalObject(document['publisher'], 'document.publisher');
  const author = optionalText(publisher['name'], 'document.publisher.name');
  return {
    ...(id === undefined ? {} : { id }),
    ...(author === undefined ? {} : { author }),
    statements: optionalList(fields['vulnerabilities'], 'vulnerabilities').flatMap((value, at) =>
      readVulnerability(objectOf(value, `vulnerabilities[${at}]`), `vulnerabilities[${at}]`, products, made),
    ),
  };
}

interface Tree {
  readonly products: ReadonlyMap<string, readonly StatedProduct[]>;
  readonly groups: ReadonlyMap<string, readonly string[]>;
}

function readTree(tree: Fields): Tree {
  const products = new Map<string, readonly StatedProduct[]>();
  const add = (value: unknown, where: string, versions?: string): void => {
    const { id, named } = readProduct(objectOf(value, where), where);
    if (products.has(id)) refuse(`${where}: the product ${id} stands twice`);
    if (products.size >= mostProducts) refuse(`it has more than ${mostProducts} products`);
    products.set(id, versions === undefined ? named : named.map((one) => ({ ...one, versions })));
  };
  readBranches(optionalList(tree['branches'], 'product_tree.branches'), 'product_tree.branches', add, 1);
  for (const [at, value] of optionalList(tree['full_product_names'], 'full_product_names').entries())
    add(value, `full_product_names[${at}]`);
  for (const [at, value] of optionalList(tree['relationships'], 'relationships').entries()) {
    const where = `relationships[${at}]`;
    const fields = objectOf(value, where);
    const id = textOf(objectOf(fields['full_product_name'], where)['product_id'], `${where}.product_id`);
    const part = products.get(textOf(fields['product_reference'], `${where}.product_reference`));
    const whole = products.get(textOf(fields['relates_to_product_reference'], where));
    if (products.has(id)) refuse(`${where}: the product ${id} stands twice`);
    // a part is meant where it is part of an image; the same part of something else is something else
    const parts = (whole ?? []).flatMap((one) =>
      one.image !== undefined && one.purl === undefined
        ? (part ?? []).map((other) => ({ ...one, ...other }))
        : [],
    );
    if (parts.length > mostNames) refuse(`${where} names more than ${mostNames} products`);
    products.set(id, parts);
  }
  const groups = new Map<string, readonly string[]>();
  for (const [at, value] of optionalList(tree['product_groups'], 'product_groups').entries()) {
    const fields = objectOf(value, `product_groups[${at}]`);
    groups.set(textOf(fields['group_id'], 'group_id'), idsOf(fields['product_ids'], 'product_ids'));
  }
  return { products, groups };
}

function readBranches(
  branches: readonly unknown[],
  where: string,
  add: (value: unknown, where: string, versions?: string) => void,
  depth: number,
): void {
  if (depth > deepest) refuse('the branches of its product tree are nested too deeply');
  for (const [at, value] of branches.entries()) {
    const place = `${where}[${at}]`;
    const fields = objectOf(value, place);
    if (!absent(fields['product']))
      add(
        fields['product'],
        place,
        fields['category'] === 'product_version_range' ? textOf(fields['name'], `${place}.name`) : undefined,
      );
    readBranches(optionalList(fields['branches'], place), place, add, depth + 1);
  }
}

/** A product is the image of any of its digests, or what its purl names. */
function readProduct(fields: Fields, where: string): { id: string; named: StatedProduct[] } {
  const named: StatedProduct[] = [];
  const id = textOf(fields['product_id'], `${where}.product_id`);
  const helper = optionalObject(
    fields['product_identification_helper'],
    `${where}.product_identification_helper`,
  );
  for (const hashes of optionalList(helper['hashes'], `${where}.hashes`))
    for (const hash of optionalList(objectOf(hashes, where)['file_hashes'], `${where}.file_hashes`)) {
      const { algorithm, value } = objectOf(hash, where);
      const digest = typeof value === 'string' ? `${String(algorithm)}:${value.toLowerCase()}` : '';
      if (isDigest(digest)) named.push({ image: digest });
    }
  // 2.1 has a list of them
  const purls = absent(helper['purls'])
    ? [optionalText(helper['purl'], `${where}.purl`)]
    : optionalList(helper['purls'], `${where}.purls`).map((purl) => textOf(purl, `${where}.purls`));
  const [purl] = purls;
  if (purl !== undefined) named.push(productOf(purl, where));
  if (named.length > mostNames) refuse(`${where} has more than ${mostNames} names`);
  return { id, named };
}

function readVulnerability(fields: Fields, where: string, tree: Tree, made: number): StatedVex[] {
  const others = optionalList(fields['ids'], `${where}.ids`).map((id) =>
    textOf(objectOf(id, `${where}.ids`)['text'], `${where}.ids.text`),
  );
  const [vulnerability, ...aliases] = [optionalText(fields['cve'], `${where}.cve`) ?? [], others].flat();
  if (vulnerability === undefined) return refuse(`${where} has neither a CVE nor another id`);
  const status = optionalObject(fields['product_status'], `${where}.product_status`);
  const reasons = reasonsOf(fields, where, tree);
  return statuses.flatMap(([field, said]) => {
    const ids = idsOf(status[field], `${where}.product_status.${field}`);
    // products for which different reasons are given are different statements
    const byReason = Map.groupBy(ids, (id) => reasons.get(id) ?? '');
    return [...byReason].flatMap(([reason, same]): StatedVex[] => {
      if (said === 'not_affected' && reason === '') refuse(`${where} says known_not_affected and not why`);
      const products = same.flatMap(
        (id) => tree.products.get(id) ?? refuse(`${where}: there is no product ${id}`),
      );
      const justification = said === 'not_affected' && reason !== impact ? { justification: reason } : {};
      return [{ vulnerability, aliases, status: said, ...justification, products, at: made }];
    });
  });
}

/** Stands where an impact statement says in words why a product is not affected. */
const impact = 'impact';

/** Why products are not affected: the label of a flag, or that an impact statement says it in words. */
function reasonsOf(fields: Fields, where: string, { groups }: Tree): ReadonlyMap<string, string> {
  const reasons = new Map<string, string>();
  const add = (said: Fields, reason: string): void => {
    const inGroups = idsOf(said['group_ids'], `${where}.group_ids`).flatMap((id) => groups.get(id) ?? []);
    for (const id of [...idsOf(said['product_ids'], `${where}.product_ids`), ...inGroups])
      if (!reasons.has(id)) reasons.set(id, reason);
  };
  for (const flag of optionalList(fields['flags'], `${where}.flags`)) {
    const said = objectOf(flag, `${where}.flags`);
    add(said, textOf(said['label'], `${where}.flags.label`));
  }
  for (const threat of optionalList(fields['threats'], `${where}.threats`)) {
    const said = objectOf(threat, `${where}.threats`);
    if (said['category'] === 'impact' && optionalText(said['details'], where) !== undefined)
      add(said, impact);
  }
  return reasons;
}

function idsOf(value: unknown, where: string): string[] {
  return optionalList(value, where).map((id) => textOf(id, where));
}
