/** Where one value lies in a DER encoding (ITU-T X.690). */
export interface Der {
  /** the identifier octet: class, constructed or not, number */
  readonly tag: number;
  /** where its identifier begins */
  readonly at: number;
  /** where its content begins */
  readonly start: number;
  /** where it ends */
  readonly end: number;
}

/** Identifier octets of the types that are walked here. */
export const derTags = { boolean: 0x01, integer: 0x02, bits: 0x03, oid: 0x06, sequence: 0x30 } as const;

/**
 * Reads where the value at a place begins and ends. Nothing is copied: lists of a million values are walked without a library that makes an
 * object of each.
 * @param fail called with what is wrong; must throw
 */
export function readDer(bytes: Uint8Array, at: number, limit: number, fail: (what: string) => never): Der {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (at + 2 > limit || tag === undefined || first === undefined) return fail('it ends too early');
  if ((tag & 0x1f) === 0x1f) return fail('it has a value of a type that it cannot have');
  let length = first;
  let start = at + 2;
  if (first >= 0x80) {
    const octets = first - 0x80;
    if (octets === 0 || octets > 4 || start + octets > limit) return fail('it has a length that is none');
    length = 0;
    for (let index = 0; index < octets; index += 1) length = length * 256 + bytes[start + index]!;
    if (length < 0x80 || bytes[start] === 0) return fail('it has a length that is not in its shortest form');
    start += octets;
  }
  if (start + length > limit) return fail('it ends too early');
  return { tag, at, start, end: start + length };
}

/** The values within a value, in order. */
export function* valuesIn(
  bytes: Uint8Array,
  { start, end }: Der,
  fail: (what: string) => never,
): Generator<Der> {
  for (let at = start; at < end;) {
    const value = readDer(bytes, at, end, fail);
    yield value;
    at = value.end;
  }
}
