import { combine, mostParts, unknownLicence, type Licence } from './expression.ts';
import { normaliseLicence } from './normalise.ts';
import { recogniseText } from './recognise-text.ts';

/** Paragraphs of one file beyond these are not read: the largest have some thousand. */
const mostParagraphs = 20_000;

/**
 * Reads a copyright file in the machine-readable format of Debian ("copyright-format/1.0", DEP-5): the licences of all of its
 * files hold together. Where a short name is no licence that is known, the text that the file gives for it decides.
 *
 * @returns undefined where the file is not in this format, or names no licence at all
 */
export function readDep5(text: string): Licence | undefined {
  const paragraphs = paragraphsOf(text);
  const format = paragraphs[0]?.get('format') ?? paragraphs[0]?.get('format-specification') ?? '';
  if (!/copyright-format|dep-?5/i.test(format)) return undefined;
  const texts = new Map<string, string>();
  const named = new Map<string, string>();
  for (const paragraph of paragraphs) {
    const field = paragraph.get('license') ?? paragraph.get('licence');
    if (field === undefined) continue;
    const { synopsis, body } = splitField(field);
    if (body !== '') texts.set(synopsis.toLowerCase(), texts.get(synopsis.toLowerCase()) ?? body);
    // A paragraph of a licence alone gives its text to those that name it.
    if (paragraph.has('files') || paragraph === paragraphs[0]) named.set(synopsis.toLowerCase(), synopsis);
  }
  if (named.size === 0 || named.size > mostParts) return named.size === 0 ? undefined : unknownLicence(text);
  const known = new Map<string, Licence>();
  const licences = [...named.values()].flatMap((synopsis) => {
    const licence = synopsis === '' ? undefined : normaliseLicence(synopsis, 'deb');
    return withTexts(licence ?? unknownLicence(synopsis || 'no short name'), synopsis, texts, known);
  });
  return combine('and', licences);
}

/** A licence in which what is known by its text alone is told by it. */
function withTexts(
  licence: Licence,
  synopsis: string,
  texts: ReadonlyMap<string, string>,
  known: Map<string, Licence>,
): Licence {
  if (licence.kind === 'licence') return licence;
  if (licence.kind !== 'unknown') {
    const of = licence.of.map((part) => withTexts(part, synopsis, texts, known));
    return combine(licence.kind, of);
  }
  const done = known.get(licence.text);
  if (done !== undefined) return done;
  const text =
    texts.get(licence.text.toLowerCase()) ?? (licence.text === synopsis ? texts.get('') : undefined);
  const found = (text === undefined ? undefined : recogniseText(text)) ?? licence;
  known.set(licence.text, found);
  return found;
}

/** The first line, and the text below it. What stands in the second line where the first is empty is a short name as well. */
function splitField(field: string): { readonly synopsis: string; readonly body: string } {
  const lines = field.split('\n');
  const synopsis = lines[0]!.trim();
  const rest = lines.slice(1).map((line) => line.trim().replace(/^\.$/, ''));
  if (synopsis === '' && rest.length === 1) return { synopsis: rest[0]!, body: '' };
  return { synopsis, body: rest.join('\n').trim() };
}

/** Fields by name in lower case, of each paragraph; of a field that stands twice the first counts. */
function paragraphsOf(text: string): Array<ReadonlyMap<string, string>> {
  const paragraphs: Array<Map<string, string>> = [];
  let open: Map<string, string> | undefined;
  let lines: string[] = [];
  let name = '';
  const close = (): void => {
    if (name !== '' && open !== undefined && !open.has(name)) open.set(name, lines.join('\n'));
    name = '';
    lines = [];
  };
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') {
      close();
      open = undefined;
    } else if (line.startsWith(' ') || line.startsWith('\t')) {
      lines.push(line);
    } else if (!line.startsWith('#')) {
      close();
      const colon = line.indexOf(':');
      if (colon <= 0) continue;
      if (open === undefined) {
        if (paragraphs.length === mostParagraphs) return [];
        paragraphs.push((open = new Map()));
      }
      name = line.slice(0, colon).toLowerCase();
      lines = [line.slice(colon + 1).trim()];
    }
  }
  close();
  return paragraphs;
}
