import { fromBER, Integer, ObjectIdentifier, type BaseBlock } from 'asn1js';

const block = /-----BEGIN ENCRYPTED PRIVATE KEY-----([^-]*)-----END ENCRYPTED PRIVATE KEY-----/g;

const scrypt = '1.3.6.1.4.1.11591.4.11';

/** Rounds of PBKDF2 and its kin: ten times as many as are recommended take seconds. N·r·p of scrypt: cosign writes 524,288. */
const most = { rounds: 10_000_000, scrypt: 4_194_304 };

/**
 * Why an encrypted PKCS #8 file (RFC 5958, RFC 8018, RFC 7914) must not be opened: it asks for so much work that who opens it
 * would stand still. undefined: there is nothing against it.
 */
export function whyTooCostly(pem: string): string | undefined {
  for (const [, body = ''] of pem.matchAll(block)) {
    const numbers: number[] = [];
    const names: string[] = [];
    try {
      const { result, offset } = fromBER(Buffer.from(body, 'base64'));
      if (offset < 0) return 'its encryption cannot be read';
      collect(childrenOf(result)[0], numbers, names);
    } catch {
      return 'its encryption cannot be read';
    }
    const work = names.includes(scrypt)
      ? numbers.slice(0, 3).reduce((product, one) => product * one, 1) / most.scrypt
      : Math.max(0, ...numbers) / most.rounds;
    if (work > 1) return 'its encryption asks for more work than any key is worth';
  }
  return undefined;
}

function collect(value: BaseBlock | undefined, numbers: number[], names: string[]): void {
  // of longer numbers asn1js does not tell the value
  if (value instanceof Integer)
    numbers.push(value.valueBlock.isHexOnly ? Infinity : value.valueBlock.valueDec);
  else if (value instanceof ObjectIdentifier) names.push(value.valueBlock.toString());
  else for (const child of childrenOf(value)) collect(child, numbers, names);
}

function childrenOf(value: BaseBlock | undefined): readonly BaseBlock[] {
  const inside = (value?.valueBlock as { readonly value?: unknown } | undefined)?.value;
  return Array.isArray(inside) ? (inside as BaseBlock[]) : [];
}
