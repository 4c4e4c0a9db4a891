import type { PlainCheck, Path } from '../routines/plain-check.ts';
import { readScope } from '../routines/read-records.ts';
import type { ImportedProduct, ImportedStatement, ImportedVex } from './imported-vex.ts';
import { digest, integer, listOf, oneOf, optional, shortText, textUpTo, type Read } from './plain-fields.ts';
import { vexStatuses } from './predicates/vex.ts';
import { mostVexStatements } from './vex-file.ts';

/** A purl or range: as long as documents may have them. */
const longText = textUpTo(4096);
const time = integer(-8_640_000_000_000_000, 8_640_000_000_000_000);

const readProduct: Read<ImportedProduct> = (value, path, check) => {
  const fields = check.fields(value, path, ['image', 'purl', 'versions']);
  if (fields['image'] === undefined && fields['purl'] === undefined) check.fail(path, 'must name something');
  return {
    ...optional(fields, 'image', path, check, longText),
    ...optional(fields, 'purl', path, check, longText),
    ...optional(fields, 'versions', path, check, longText),
  };
};

const readStatement: Read<ImportedStatement> = (value, path, check) => {
  const fields = check.fields(value, path, [
    'vulnerability',
    'aliases',
    'status',
    'justification',
    'products',
    'at',
  ]);
  const products = listOf(readProduct, 200_000)(fields['products'], [...path, 'products'], check);
  if (products.length === 0) check.fail([...path, 'products'], 'must name at least one');
  return {
    vulnerability: longText(fields['vulnerability'], [...path, 'vulnerability'], check),
    aliases: listOf(longText, 1000)(fields['aliases'], [...path, 'aliases'], check),
    status: oneOf(vexStatuses)(fields['status'], [...path, 'status'], check),
    ...optional(fields, 'justification', path, check, longText),
    products,
    at: time(fields['at'], [...path, 'at'], check),
  };
};

/** Reads a VEX document that was brought in, from plain data; what is wrong with it is told to `check`. */
export function readImportedVex(value: unknown, path: Path, check: PlainCheck): ImportedVex {
  const fields = check.fields(value, path, ['id', 'digest', 'author', 'by', 'scope', 'statements']);
  const at = (name: string): Path => [...path, name];
  return {
    id: textUpTo(200)(fields['id'], at('id'), check),
    digest: digest(fields['digest'], at('digest'), check),
    ...optional(fields, 'author', path, check, shortText),
    by: textUpTo(200)(fields['by'], at('by'), check),
    scope: readScope(fields['scope'], at('scope'), check),
    statements: listOf(readStatement, mostVexStatements)(fields['statements'], at('statements'), check),
  };
}
