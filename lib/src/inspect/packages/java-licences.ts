import { written } from '../licences/expression.ts';
import { normaliseLicence } from '../licences/normalise.ts';
import { listedLicences } from './licence-list.ts';

/** Licences of one archive or project that are read. */
const mostLicences = 50;
/** UTF-16 units of a name of a licence, and of an element that may hold one. */
const longestName = 1000;

/** Where an archive has the texts that it is under: those of what it took up lie deeper. */
export function isArchiveLicence(name: string): boolean {
  return (
    name.length < 200 &&
    /^(?:META-INF\/)?(?:licen[cs]e|copying)(?:[-._][\w.-]*)?$/i.test(name) &&
    !/\.(?:class|java|html?)$/i.test(name)
  );
}

/**
 * What a manifest says (OSGi Core, "Bundle-License"): names or addresses of licences, each with attributes. What several of them mean is
 * not said there: then all hold.
 */
export function bundleLicence(header: string): string | undefined {
  const text = header.slice(0, 4096).trim();
  if (text === '' || text.startsWith('<<EXTERNAL>>')) return undefined;
  // Some write the name of one licence with its comma.
  const whole = spdxOf(text.replace(/;.*$/s, ''));
  if (whole !== undefined) return whole;
  const clauses = outsideQuotes(text, ',').slice(0, mostLicences);
  return listedLicences(clauses.map(nameOfClause), 'all');
}

function nameOfClause(clause: string): string {
  const [name = '', ...attributes] = outsideQuotes(clause, ';').map((part) => part.trim());
  const bare = unquoted(name);
  if (spdxOf(bare) !== undefined) return bare;
  const link = attributes.find((one) => /^link\s*=/.test(one));
  const address = link === undefined ? undefined : unquoted(link.slice(link.indexOf('=') + 1).trim());
  return address !== undefined && spdxOf(address) !== undefined ? address : bare;
}

function unquoted(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

function outsideQuotes(text: string, separator: string): string[] {
  const parts = [''];
  let quoted = false;
  for (const char of text) {
    if (char === '"') quoted = !quoted;
    if (char === separator && !quoted) parts.push('');
    else parts[parts.length - 1] += char;
  }
  return parts;
}

/**
 * The licences of a pom.xml (POM Reference, "Licenses"): of several any may be chosen, which the reference says. Those that a parent has
 * are not known. Takes time that grows as the text does, whatever it is.
 */
export function pomLicence(xml: string): string | undefined {
  const found: string[] = [];
  let open: { name?: string; url?: string } | undefined;
  const path: string[] = [];
  let depth = 0;
  let text = '';
  for (let at = 0; at < xml.length && found.length < mostLicences;) {
    if (xml[at] !== '<') {
      const next = ending(xml, '<', at);
      if (text.length < longestName) text += xml.slice(at, Math.min(next, at + longestName));
      at = next;
    } else if (xml.startsWith('<!--', at)) at = ending(xml, '-->', at) + 3;
    else if (xml.startsWith('<![CDATA[', at)) {
      const end = ending(xml, ']]>', at);
      if (text.length < longestName) text += xml.slice(at + 9, Math.min(end, at + 9 + longestName));
      at = end + 3;
    } else {
      const end = ending(xml, '>', at);
      const tag = xml.slice(at + 1, Math.min(end, at + 200));
      at = end + 1;
      if (tag.startsWith('?') || tag.startsWith('!')) continue;
      if (tag.startsWith('/')) {
        if (depth === 4 && open !== undefined && isIn(path, 3)) {
          if (path[3] === 'name') open.name ??= decoded(text);
          else if (path[3] === 'url') open.url ??= decoded(text);
        } else if (depth === 3 && open !== undefined && isIn(path, 3)) {
          const named = [open.name, open.url].find((one) => one !== undefined && spdxOf(one) !== undefined);
          found.push(named ?? open.name ?? open.url ?? 'a licence without a name');
          open = undefined;
        }
        depth = Math.max(0, depth - 1);
      } else if (xml[end - 1] !== '/') {
        if (depth < 4) path[depth] = /^[^\s/]*/.exec(tag)![0].replace(/^[^:]*:/, '');
        depth += 1;
        if (depth === 3 && isIn(path, 3)) open = {};
      }
      text = '';
    }
  }
  if (found.length < 2) return found[0];
  return listedLicences(
    found.map((name) => spdxOf(name) ?? name),
    'any',
  );
}

function ending(text: string, what: string, from: number): number {
  const at = text.indexOf(what, from);
  return at < 0 ? text.length : at;
}

function isIn(path: readonly string[], length: number): boolean {
  return ['project', 'licenses', 'license'].slice(0, length).every((name, at) => path[at] === name);
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decoded(text: string): string | undefined {
  const plain = text
    .slice(0, longestName)
    .replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => entities[name]!)
    .replace(/\s+/g, ' ')
    .trim();
  return plain === '' ? undefined : plain;
}

/** Undefined where not all of it is known. */
function spdxOf(name: string): string | undefined {
  const licence = normaliseLicence(name);
  const found = licence === undefined ? undefined : written(licence);
  return found !== undefined && 'spdx' in found ? found.spdx : undefined;
}
