import { combine, mostParts, unknownLicence, type Licence } from './expression.ts';
import { licenceNamed, withException } from './resolve-name.ts';

/**
 * How a text is to be read where records of one kind mean what others do not: apk names licences that hold together with blanks
 * between them; Cargo writes a choice with a slash; in lists of packages of a distribution commas mean that all of it holds.
 */
export type LicenceStyle = 'apk' | 'cargo' | 'rpm' | 'deb' | 'plain';

/** Longer texts are no names of licences. */
const longestText = 16 * 1024;
const deepest = 20;

/** Words by which records say that they say nothing. */
const nothing: ReadonlySet<string> = new Set([
  '',
  'noassertion',
  'none',
  'unknown',
  'n/a',
  'null',
  'undefined',
]);

/**
 * What a package's record says of its licence, in the words of SPDX. Never throws, and takes time that grows as the text does.
 * What stands for no licence that is known stays as it is, as unknown; nothing is guessed.
 *
 * @returns undefined where it says nothing
 */
export function normaliseLicence(text: string, style: LicenceStyle = 'plain'): Licence | undefined {
  if (text.length > longestText) return unknownLicence(text);
  const clean = joinLater(text.replace(/\s+/g, ' ').trim());
  if (nothing.has(clean.toLowerCase())) return undefined;
  if (clean === 'UNLICENSED') return { kind: 'licence', id: 'LicenseRef-proprietary' };
  const whole = licenceNamed(clean);
  if (whole !== undefined) return whole;
  const spaced = clean.includes(' ')
    ? clean
    : clean.replace(/_(and|or|with)_/gi, ' $1 ').replace(/-with-/i, ' with ');
  const reader = new Reader(tokensOf(spaced), style);
  return reader.read() ?? unknownLicence(clean);
}

/** `or later` in its many forms is part of a name, not a choice: it becomes a plus. */
function joinLater(text: string): string {
  return text.replace(
    /,? or \(?(?:at your option\)?,? )?(?:any )?(?:later|newer|greater|above|higher)(?: versions?)?\b\)?/gi,
    '+',
  );
}

const publicDomain: Licence = { kind: 'licence', id: 'LicenseRef-public-domain' };

type Token =
  | { readonly kind: 'open' | 'close' | 'and' | 'or' | 'with' | 'comma' | 'all' | 'any' }
  | { readonly kind: 'word'; readonly text: string };

const operators: Readonly<Record<string, Token['kind'] & ('and' | 'or' | 'with')>> = {
  and: 'and',
  or: 'or',
  with: 'with',
  '&': 'and',
  '&&': 'and',
  '|': 'or',
  '||': 'or',
  // some files are under one, some under the other: to assume both is safe
  'and/or': 'and',
};

/** `, and` and `, or` bind less than any other word (DEP-5, "License syntax"): `all` and `any`. */
function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (const [part] of text.matchAll(/[(),;|]|[^\s(),;|]+/g)) {
    const last = tokens.at(-1);
    const operator = operators[part.toLowerCase()];
    if (part === '(') tokens.push({ kind: 'open' });
    else if (part === ')') tokens.push({ kind: 'close' });
    else if (part === ',' || part === ';') tokens.push({ kind: 'comma' });
    else if (operator === undefined) tokens.push({ kind: 'word', text: part });
    else if (operator !== 'with' && last?.kind === 'comma')
      tokens.splice(-1, 1, { kind: operator === 'and' ? 'all' : 'any' });
    else if (operator !== 'or' || last?.kind !== 'or') tokens.push({ kind: operator });
  }
  return tokens;
}

/** Reads tokens by recursive descent; undefined: they do not make sense together. */
class Reader {
  readonly #tokens: readonly Token[];
  readonly #style: LicenceStyle;
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], style: LicenceStyle) {
    this.#tokens = tokens;
    this.#style = style;
  }

  read(): Licence | undefined {
    if (this.#tokens.length > mostParts * 4) return undefined;
    const found = this.#list();
    return this.#at === this.#tokens.length ? found : undefined;
  }

  #take(kind: Token['kind']): boolean {
    if (this.#tokens[this.#at]?.kind !== kind) return false;
    this.#at += 1;
    return true;
  }

  /** Licences with commas between them: of a distribution's package all hold; elsewhere nobody can tell. */
  #list(): Licence | undefined {
    const listsAll = this.#style === 'rpm' || this.#style === 'deb' || this.#style === 'apk';
    return this.#joined('comma', 'and', () => this.#joined('all', 'and', () => this.#any()), listsAll);
  }

  #any(): Licence | undefined {
    return this.#joined('any', 'or', () =>
      this.#joined('or', 'or', () => this.#joined('and', 'and', () => this.#one())),
    );
  }

  #joined(
    separator: Token['kind'],
    kind: 'and' | 'or',
    next: () => Licence | undefined,
    allowed = true,
  ): Licence | undefined {
    const parts: Licence[] = [];
    do {
      const part = next();
      if (part === undefined) return undefined;
      parts.push(part);
    } while (this.#take(separator));
    if (parts.length > 1 && !allowed) return undefined;
    return combine(kind, parts);
  }

  #one(): Licence | undefined {
    if (this.#take('open')) {
      this.#depth += 1;
      if (this.#depth > deepest) return undefined;
      const inner = this.#list();
      this.#depth -= 1;
      return this.#take('close') ? inner : undefined;
    }
    const name = this.#words();
    if (name === '') return undefined;
    const licence = this.#named(name);
    if (!this.#take('with')) return licence;
    const exception = this.#words();
    return exception === '' ? undefined : withException(licence, exception);
  }

  #words(): string {
    const words: string[] = [];
    for (let next = this.#tokens[this.#at]; next?.kind === 'word'; next = this.#tokens[this.#at]) {
      words.push(next.text);
      this.#at += 1;
    }
    return words.join(' ');
  }

  #named(name: string): Licence {
    const whole = licenceNamed(name);
    if (whole !== undefined) return whole;
    // Files in the public domain may be so in different words, for which a suffix stands.
    if (this.#style === 'deb' && /^(?:public-domain|pd)-[^ ]+$/i.test(name)) return publicDomain;
    if (this.#style === 'apk' && name.includes(' '))
      return combine(
        'and',
        name.split(' ').map((word) => licenceNamed(word) ?? unknownLicence(word)),
      );
    if (this.#style === 'cargo' && name.includes('/'))
      return combine(
        'or',
        name.split('/').map((word) => licenceNamed(word) ?? unknownLicence(word)),
      );
    return unknownLicence(name);
  }
}
