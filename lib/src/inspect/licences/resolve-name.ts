import { aliasOf, comparableLicence, currentMeaning, exceptionNamed } from './aliases.ts';
import { combine, unknownLicence, unknownReference, type Licence } from './expression.ts';
import { allLicenceIds, exceptionId, licenceId } from './licence-ids.ts';

const byComparableName: ReadonlyMap<string, string> = new Map(
  allLicenceIds.map((id) => [comparableLicence(id), id]),
);

/** The licence that one name stands for: an identifier of SPDX, or what people call it. undefined: none that is known. */
export function licenceNamed(name: string): Licence | undefined {
  const plain = name.trim();
  if (plain === '') return undefined;
  if (isReference(plain)) return { kind: 'licence', id: plain };
  const own = identified(plain);
  if (own !== undefined) return own;
  const comparable = comparableLicence(plain);
  if (plain.split('(').length !== plain.split(')').length) return undefined;
  const alias = aliasOf(comparable);
  if (alias !== undefined) return readSimple(alias);
  // What stands between these are several names.
  if (/[,;|/&]/.test(plain)) return undefined;
  const gnu = gnuLicence(comparable, plain.includes('('));
  if (gnu !== undefined) return readSimple(gnu);
  const id = byComparableName.get(comparable);
  if (id !== undefined) return readSimple(currentMeaning(id));
  return undefined;
}

/** A licence with an exception to it; where the exception is not known, it counts beside the licence as something unknown. */
export function withException(licence: Licence, name: string): Licence {
  if (licence.kind === 'unknown') return unknownLicence(`${licence.text} with ${name.trim()}`);
  if (licence.kind !== 'licence' || licence.exception !== undefined) return unknownLicence(name);
  const exception = exceptionId(name.trim()) ?? exceptionNamed(licence.id, name);
  return exception === undefined
    ? combine('and', [licence, unknownLicence(`${licence.id} with ${name.trim()}`)])
    : { ...licence, exception };
}

/** References of their own that documents may have (SPDX 2.3, annex D.2), but for those that stand for what is not known here. */
function isReference(name: string): boolean {
  return (
    name.length <= 200 &&
    /^(?:DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+$/.test(name) &&
    !name.includes(unknownReference)
  );
}

/** An identifier, or one with a plus: this version or a later one. */
function identified(name: string): Licence | undefined {
  const whole = licenceId(name);
  if (whole !== undefined) return readSimple(currentMeaning(whole));
  if (!name.endsWith('+')) return undefined;
  const id = licenceId(name.slice(0, -1));
  if (id === undefined) return undefined;
  const meaning = currentMeaning(id);
  // Of the GNU licences it is an identifier of its own.
  return readSimple(/-only\b/.test(meaning) ? meaning.replace('-only', '-or-later') : `${meaning}+`);
}

const gnuName =
  /^(?:gnu )?(agpl|lgpl|gpl|affero general public|affero gpl|lesser general public|lesser gpl|library general public|library or lesser general public|general public) ?v?(\d(?:\.\d)?)?( ?\+| or later| only)?( (?:gnu )?[al]?gpl ?v?\d?(?:\.\d)?\+?)?$/;

const gnuVersions: Readonly<Record<string, readonly string[]>> = {
  GPL: ['1.0', '2.0', '3.0'],
  LGPL: ['2.0', '2.1', '3.0'],
  AGPL: ['1.0', '3.0'],
};

/**
 * The GNU licences in the many ways in which they are written. Without a version any may be chosen, as their texts say of
 * programs that name none (GPL-2.0, section 9; LGPL-2.1, section 13).
 *
 * @param hasAbbreviation it may stand twice, the second time in brackets, as Python's classifiers have it
 */
function gnuLicence(comparable: string, hasAbbreviation: boolean): string | undefined {
  const found = gnuName.exec(comparable);
  if (found === null) return undefined;
  const [, name, version, later, again] = found as unknown as [string, string, string?, string?, string?];
  if (again !== undefined && !hasAbbreviation) return undefined;
  const family = name.startsWith('a') ? 'AGPL' : /^li?[egb]/.test(name) ? 'LGPL' : 'GPL';
  if (version === undefined) {
    return family === 'AGPL' || later === ' only'
      ? undefined
      : `${family}-${gnuVersions[family]![0]}-or-later`;
  }
  const full = version.includes('.') ? version : `${version}.0`;
  if (!gnuVersions[family]!.includes(full)) return undefined;
  return `${family}-${full}-${later === undefined || later === ' only' ? 'only' : 'or-later'}`;
}

/** What the tables hold: a licence, one with an exception, or a choice of licences. */
function readSimple(spdx: string): Licence {
  if (spdx.includes(' OR ')) return combine('or', spdx.split(' OR ').map(readSimple));
  const [id, exception] = spdx.split(' WITH ') as [string, string?];
  return { kind: 'licence', id, ...(exception === undefined ? {} : { exception }) };
}
