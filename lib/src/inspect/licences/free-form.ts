import { combine, nameOf, unknownLicence, type Licence } from './expression.ts';
import { licenceNamed } from './resolve-name.ts';
import { recogniseText } from './recognise-text.ts';

/** The words by which authors put their work under a GNU licence ("How to Apply These Terms to Your New Programs"). */
const grants =
  /gnu (lesser |library |affero )?general public license( as published by the free software foundation)? (?:either )?version (\d)(?: (\d))?((?: of the license)? (?:or at your option any later|or any later|or later|or newer))?/g;

/** Where Debian keeps the texts of common licences. */
const pointers = /\/usr\/share\/common-licenses\/([A-Za-z0-9.-]+)/g;

/**
 * What can be told of a copyright file that people wrote freely: the GNU licences that it grants, the common licences that it
 * points to, and those whose texts it has. It is read by people alone, so that it may always say more: that is unknown, unless
 * all of it is the text of a licence.
 *
 * @returns undefined where nothing in it is known
 */
export function readFreeForm(text: string): Licence | undefined {
  const own = recogniseText(text);
  const granted = grantsIn(text);
  const licences = [...granted.values(), ...pointersIn(text, granted)];
  if (licences.length === 0) return own;
  if (own !== undefined) licences.push(own);
  return combine('and', [...licences, unknownLicence('a copyright file in words of its own')]);
}

/** By identifier; those of which only the version is known, by that. */
function grantsIn(text: string): ReadonlyMap<string, Licence> {
  const words = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, ' ')
    .replaceAll('licence', 'license');
  const found = new Map<string, Licence>();
  for (const [, kind = '', published, major, minor, later] of words.matchAll(grants)) {
    const family = kind.startsWith('affero') ? 'AGPL' : kind === '' ? 'GPL' : 'LGPL';
    const version = `${family}-${major}.${minor ?? '0'}`;
    // Elsewhere a version is named to say where its text is.
    const licence =
      later === undefined && published === undefined
        ? unknownLicence(`${version}, or later versions as well`)
        : licenceNamed(`${version}-${later === undefined ? 'only' : 'or-later'}`);
    if (licence?.kind === 'unknown') found.set(version, licence);
    else if (licence?.kind === 'licence') found.set(nameOf(licence), licence);
  }
  for (const one of found.keys()) {
    const [later, only] = [`${one}-or-later`, `${one}-only`];
    if (found.has(later) || found.has(only)) found.delete(one);
  }
  return found;
}

function pointersIn(text: string, granted: ReadonlyMap<string, Licence>): Licence[] {
  const names = new Set([...text.matchAll(pointers)].map(([, name]) => name!.replace(/[.-]+$/, '')));
  return [...names].flatMap((name): Licence[] => {
    if (!/^(?:L?GPL|GFDL)/.test(name)) return [licenceNamed(name) ?? unknownLicence(name)];
    const bare = /\.\d$/.test(name) ? name : `${name}.0`;
    // The text of a licence does not say whether later versions may be chosen; a grant does.
    const isGranted = [...granted.keys()].some((one) =>
      one.startsWith(name.includes('-') ? bare : `${name}-`),
    );
    return isGranted ? [] : [unknownLicence(`${name}, by its text`)];
  });
}
