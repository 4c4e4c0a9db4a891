import { createHash } from 'node:crypto';
import type { Digest } from '../oci/digest.ts';
import type { Advisory } from './advisory.ts';
import { matchHash, weightHash } from './advisory-hashes.ts';

/** What of an advisory counts in verdicts. */
export interface GenerationElement {
  readonly id: string;
  /** `matchHash` of the record */
  readonly matchHash: string;
  /** `weightHash` of the record */
  readonly weightHash: string;
}

/** 1024 numbers of 16 bits, added each for itself. */
const lanes = 1024;

/**
 * Which advisories there are, as a sum that does not depend on the order in which they came: LtHash16 (Bellare and Micciancio,
 * "A New Paradigm for Collision-free Hashing", in the form of Lewi and others, "Securing Update Propagation with Homomorphic
 * Hashing") over SHAKE256. One record more, fewer or changed costs the hash of that record.
 */
export interface GenerationSum {
  add(element: GenerationElement): void;
  /** Takes away what was added before. */
  remove(element: GenerationElement): void;
  /** what a later sum goes on from */
  state(): Uint8Array;
  /** what verdicts name it by: equal wherever the same advisories are */
  digest(): Digest;
}

/**
 * A sum, empty or going on from a state.
 * @throws RangeError for what is no such state
 */
export function createGenerationSum(state?: Uint8Array): GenerationSum {
  if (state !== undefined && state.length !== lanes * 2)
    throw new RangeError(`the state of a generation has ${lanes * 2} bytes, not ${state.length}`);
  const bytes = Buffer.alloc(lanes * 2);
  if (state) bytes.set(state);
  const apply = (element: GenerationElement, sign: 1 | -1): void => {
    const expanded = expand(element);
    for (let at = 0; at < bytes.length; at += 2)
      bytes.writeUInt16LE((bytes.readUInt16LE(at) + sign * expanded.readUInt16LE(at)) & 0xffff, at);
  };
  return {
    add: (element) => apply(element, 1),
    remove: (element) => apply(element, -1),
    state: () => Uint8Array.from(bytes),
    digest: () => `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
  };
}

/** What of a record counts. */
export function generationElement(advisory: Advisory): GenerationElement {
  return { id: advisory.id, matchHash: matchHash(advisory), weightHash: weightHash(advisory) };
}

/** The generation that these advisories are; each id is to come once. */
export function generationOf(advisories: Iterable<Advisory>): Digest {
  const sum = createGenerationSum();
  for (const advisory of advisories) sum.add(generationElement(advisory));
  return sum.digest();
}

function expand({ id, matchHash: match, weightHash: weight }: GenerationElement): Buffer {
  return createHash('shake256', { outputLength: lanes * 2 })
    .update(JSON.stringify([id, match, weight]))
    .digest();
}
