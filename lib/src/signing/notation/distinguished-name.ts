import {
  fromBER,
  IA5String,
  ObjectIdentifier,
  PrintableString,
  Sequence,
  Set as Asn1Set,
  Utf8String,
} from 'asn1js';

/** One attribute of a name. */
export interface NameAttribute {
  /** short name in capital letters, or a dotted object identifier */
  readonly type: string;
  /** undefined: in an encoding that cannot be compared */
  readonly value: string | undefined;
}

/** A name: relative names in the order of the certificate, each of one attribute or, multi-valued, several. */
export type DistinguishedName = ReadonlyArray<readonly NameAttribute[]>;

/** Short names (RFC 4514, section 3; RFC 4519). */
const types: ReadonlyMap<string, string> = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.5', 'SERIALNUMBER'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.9', 'STREET'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['2.5.4.17', 'POSTALCODE'],
  ['0.9.2342.19200300.100.1.1', 'UID'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
  ['1.2.840.113549.1.9.1', 'EMAILADDRESS'],
]);

const aliases: ReadonlyMap<string, string> = new Map([
  ['S', 'ST'],
  ['E', 'EMAILADDRESS'],
]);

const known: ReadonlySet<string> = new Set(types.values());

const special = /[\\,+"<>;=]/g;

/**
 * Reads a name of a certificate from its DER.
 * @throws Error where it is none
 */
export function parseName(der: ArrayBuffer): DistinguishedName {
  const { offset, result } = fromBER(der);
  if (offset !== der.byteLength || !(result instanceof Sequence)) throw new Error('it is no name');
  return result.valueBlock.value.map((relative) => {
    if (!(relative instanceof Asn1Set)) throw new Error('it is no name');
    return relative.valueBlock.value.map(parseAttribute);
  });
}

function parseAttribute(attribute: unknown): NameAttribute {
  if (!(attribute instanceof Sequence)) throw new Error('it has a part that is no attribute');
  const [type, value] = attribute.valueBlock.value;
  if (!(type instanceof ObjectIdentifier)) throw new Error('it has an attribute without a type');
  const dotted = type.getValue();
  return { type: types.get(dotted) ?? dotted, value: textOf(value) };
}

function textOf(value: unknown): string | undefined {
  if (value instanceof Utf8String) return decode('utf-8', value.valueBlock.valueHexView);
  if (value instanceof PrintableString || value instanceof IA5String) {
    const bytes = value.valueBlock.valueHexView;
    return bytes.every((byte) => byte < 0x80) ? decode('utf-8', bytes) : undefined;
  }
  return undefined;
}

function decode(encoding: string, bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** A name as text (RFC 4514, section 2): the last relative name first. */
export function formatName(name: DistinguishedName): string {
  return name
    .toReversed()
    .map((relative) =>
      relative.map(({ type, value }) => `${type}=${value === undefined ? '?' : escape(value)}`).join('+'),
    )
    .join(',');
}

function escape(value: string): string {
  return value
    .replace(special, (character) => `\\${character}`)
    .replace(/^[ #]| $/g, (character) => `\\${character}`)
    .replaceAll('\0', String.raw`\00`);
}

/**
 * Reads a name as people write it (RFC 4514, section 3), with spaces around its parts allowed. Every attribute may stand once; relative
 * names of several attributes and values in hexadecimal are refused, as notation refuses them.
 * @param fail called with what is wrong; must throw
 * @returns values by short name in capital letters
 */
export function parseNameText(text: string, fail: (what: string) => never): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  for (const part of splitAttributes(text, fail)) {
    const at = part.indexOf('=');
    if (at < 0) fail(`${JSON.stringify(part.trim())} is not of the form TYPE=value`);
    const given = part.slice(0, at).trim().toUpperCase();
    const type = aliases.get(given) ?? given;
    if (!known.has(type)) fail(`${JSON.stringify(given)} is no attribute of names that is known here`);
    if (attributes.has(type)) fail(`the attribute ${type} stands twice`);
    const value = unescape(part.slice(at + 1), fail);
    if (value === '') fail(`the attribute ${type} is empty`);
    attributes.set(type, value);
  }
  return attributes;
}

function splitAttributes(text: string, fail: (what: string) => never): string[] {
  const parts = [''];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]!;
    if (character === '+')
      fail('a relative name of several attributes (+) cannot be compared; escape a plus sign: \\+');
    if (character === ',') {
      parts.push('');
      continue;
    }
    if (character === '\\') {
      parts[parts.length - 1] += character;
      at += 1;
    }
    parts[parts.length - 1] += text[at] ?? '';
  }
  return parts;
}

/** Takes spaces around a value and its escapes away. */
function unescape(raw: string, fail: (what: string) => never): string {
  const text = raw.replace(/^ +/, '');
  if (text.startsWith('#')) fail('a value in hexadecimal (#) cannot be compared; escape a leading #: \\#');
  const bytes: Buffer[] = [];
  /** length of `bytes` up to which spaces were escaped, and so are meant */
  let kept = 0;
  for (let at = 0; at < text.length;) {
    if (text[at] !== '\\') {
      const character = String.fromCodePoint(text.codePointAt(at)!);
      if (/["<>;]/.test(character)) fail(`${JSON.stringify(character)} must be escaped: \\${character}`);
      bytes.push(Buffer.from(character));
      at += character.length;
      continue;
    }
    const hex = /^[0-9A-Fa-f]{2}/.exec(text.slice(at + 1))?.[0];
    const next = text[at + 1];
    if (hex !== undefined) bytes.push(Buffer.from(hex, 'hex'));
    else if (next !== undefined && /[\\,+"<>;=# ]/.test(next)) bytes.push(Buffer.from(next));
    else fail('a backslash stands before something that cannot be escaped');
    at += hex === undefined ? 2 : 3;
    kept = bytes.length;
  }
  while (bytes.length > kept && bytes.at(-1)!.toString() === ' ') bytes.pop();
  return decode('utf-8', Buffer.concat(bytes)) ?? fail('a value is not valid UTF-8');
}
