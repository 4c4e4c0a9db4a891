import { changeBytes } from './change-bytes.ts';
import { changeCbor } from './change-cbor.ts';
import { changeDer } from './change-der.ts';
import { changeJson, type ChangeInner } from './change-json.ts';
import { changeLines } from './change-lines.ts';
import { changePem } from './change-pem.ts';
import type { Random } from './random.ts';

/** Longer documents only test how fast memory is copied. */
const longest = 512 * 1024;

/**
 * One change of a document, most often one that knows its structure: what is written in it as base64, JSON, DER, CBOR or
 * PEM is taken apart and changed in its turn.
 */
const changeOnce: ChangeInner = (bytes, random, other) => {
  if (bytes.length > 0 && random.chance(0.7)) {
    const changed = structural(bytes, random, other);
    if (changed !== undefined) return changed;
  }
  return changeBytes(bytes, random, other);
};

function structural(bytes: Buffer, random: Random, other: Buffer): Buffer | undefined {
  const start = bytes.toString('latin1', 0, 64).trimStart();
  if (start.startsWith('{') || start.startsWith('[')) return changeJson(bytes, random, other, changeOnce);
  if (bytes.includes('-----BEGIN ')) return changePem(bytes, random, other, changeOnce);
  if (bytes[0] === 0x30) return changeDer(bytes, random, other, changeOnce);
  if (bytes[0] === 0xd2 || bytes[0]! >> 5 === 5) return changeCbor(bytes, random, other, changeOnce);
  return bytes.subarray(0, 2000).includes('\n') ? changeLines(bytes, random, other) : undefined;
}

/** A document made of a genuine one by one to four changes, some of them with parts of another genuine one. */
export function change(bytes: Uint8Array, random: Random, others: readonly Uint8Array[]): Buffer {
  let changed: Buffer = Buffer.from(bytes);
  const times = random.pick([1, 1, 1, 2, 2, 3, 4]);
  for (let time = 0; time < times && changed.length <= longest; time += 1) {
    changed = changeOnce(changed, random, Buffer.from(random.pick(others)));
  }
  return changed.length > longest ? changed.subarray(0, longest) : changed;
}
