import { timingSafeEqual } from 'node:crypto';

/**
 * NaCl's secretbox, XSalsa20 with Poly1305 (D. J. Bernstein, "Cryptography in NaCl", section 10; "Extending the Salsa20
 * nonce"; RFC 8439, section 2.5 for Poly1305): what cosign encrypts its key files with, and the crypto module lacks.
 */

const sigma = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const;

/** Four words that a quarter round works on; a double round is the columns, then the rows. */
const quarters: ReadonlyArray<readonly [number, number, number, number]> = [
  [0, 4, 8, 12],
  [5, 9, 13, 1],
  [10, 14, 2, 6],
  [15, 3, 7, 11],
  [0, 1, 2, 3],
  [5, 6, 7, 4],
  [10, 11, 8, 9],
  [15, 12, 13, 14],
];

/**
 * Opens a box: 16 bytes of authenticator, then what is encrypted.
 * @param nonce 24 bytes
 * @param key 32 bytes
 * @returns what was in it; undefined if it was not closed with this key and nonce
 */
export function openSecretBox(box: Uint8Array, nonce: Uint8Array, key: Uint8Array): Buffer | undefined {
  if (nonce.length !== 24 || key.length !== 32 || box.length < 16) return undefined;
  const encrypted = box.subarray(16);
  const stream = streamOf(nonce, key, encrypted.length);
  if (!timingSafeEqual(poly1305(encrypted, stream.subarray(0, 32)), box.subarray(0, 16))) return undefined;
  return exclusiveOr(encrypted, stream);
}

/**
 * Closes a box that `openSecretBox` opens.
 * @param nonce 24 bytes, never twice with one key
 * @param key 32 bytes
 */
export function closeSecretBox(content: Uint8Array, nonce: Uint8Array, key: Uint8Array): Buffer {
  const stream = streamOf(nonce, key, content.length);
  const encrypted = exclusiveOr(content, stream);
  return Buffer.concat([poly1305(encrypted, stream.subarray(0, 32)), encrypted]);
}

/** The stream's first 32 bytes are the key of the authenticator; the others encrypt. */
function streamOf(nonce: Uint8Array, key: Uint8Array, length: number): Buffer {
  const subkey = hSalsa20(words(key), words(nonce.subarray(0, 16)));
  return salsa20(subkey, words(nonce.subarray(16)), 32 + length);
}

function exclusiveOr(bytes: Uint8Array, stream: Uint8Array): Buffer {
  return Buffer.from(bytes.map((byte, at) => byte ^ stream[32 + at]!));
}

function words(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, at) => view.getUint32(at * 4, true));
}

/** The block that Salsa20 works on: constants in the diagonal, key in two halves, 16 bytes of input. */
function block(key: Uint32Array, input: Uint32Array): Uint32Array {
  const [c0, c1, c2, c3] = sigma;
  return Uint32Array.from([c0, ...key.subarray(0, 4), c1, ...input, c2, ...key.subarray(4), c3]);
}

function twentyRounds(start: Uint32Array): Uint32Array {
  const x = Uint32Array.from(start);
  for (let round = 0; round < 10; round += 1) {
    for (const [a, b, c, d] of quarters) {
      x[b]! ^= rotate(x[a]! + x[d]!, 7);
      x[c]! ^= rotate(x[b]! + x[a]!, 9);
      x[d]! ^= rotate(x[c]! + x[b]!, 13);
      x[a]! ^= rotate(x[d]! + x[c]!, 18);
    }
  }
  return x;
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

function hSalsa20(key: Uint32Array, input: Uint32Array): Uint32Array {
  const x = twentyRounds(block(key, input));
  return Uint32Array.from([0, 5, 10, 15, 6, 7, 8, 9], (at) => x[at]!);
}

function salsa20(key: Uint32Array, nonce: Uint32Array, length: number): Buffer {
  const blocks: Buffer[] = [];
  for (let counter = 0; counter * 64 < length; counter += 1) {
    const start = block(key, Uint32Array.from([...nonce, counter, 0]));
    const end = twentyRounds(start);
    const out = Buffer.alloc(64);
    for (let at = 0; at < 16; at += 1) out.writeUInt32LE((end[at]! + start[at]!) >>> 0, at * 4);
    blocks.push(out);
  }
  return Buffer.concat(blocks, length);
}

function poly1305(message: Uint8Array, key: Uint8Array): Buffer {
  const prime = 2n ** 130n - 5n;
  const r = littleEndian(key.subarray(0, 16)) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  let sum = 0n;
  for (let at = 0; at < message.length; at += 16) {
    const piece = message.subarray(at, at + 16);
    sum = ((sum + littleEndian(piece) + (1n << BigInt(8 * piece.length))) * r) % prime;
  }
  const tag = (sum + littleEndian(key.subarray(16))) & (2n ** 128n - 1n);
  return Buffer.from(tag.toString(16).padStart(32, '0'), 'hex').reverse();
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}
