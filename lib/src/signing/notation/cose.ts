import { decode, encode, Tagged } from 'cborg';
import { refuse } from '../refusal.ts';
import type { Envelope } from './envelope.ts';
import { checkProtectedHeaders, headers, refuseShadows } from './protected-headers.ts';

export const coseType = 'application/cose';

/** CBOR tags: COSE_Sign1 (RFC 9052), time as seconds since 1970 (RFC 8949). */
export const coseTags = { sign1: 18, epochTime: 1 } as const;

/** Header labels of COSE (RFC 9052, RFC 9360). */
export const coseLabels = { algorithm: 1, critical: 2, contentType: 3, x5chain: 33 } as const;

/**
 * Reads a COSE envelope (RFC 9052, COSE_Sign1, tagged; the Notary Project's signature-envelope-cose). Nothing in it is verified
 * yet. Only the shortest encoding of every item is read, of definite length, so that no two readers see two documents.
 * @throws WharfingerError SIGNATURE_INVALID
 */
export function parseCose(bytes: Uint8Array): Envelope {
  const message = readCbor(bytes, 'the envelope');
  if (!(message instanceof Tagged) || message.tag !== coseTags.sign1) {
    return refuse(`the envelope is not tagged as COSE_Sign1 (${coseTags.sign1})`);
  }
  const parts: unknown = message.value;
  if (!Array.isArray(parts) || parts.length !== 4) return refuse('the envelope is not a list of four parts');
  const [protectedPart, unprotectedPart, payloadPart, signaturePart] = parts as unknown[];
  const protectedBytes = bytesOf(protectedPart, 'the protected header');
  const signedFields = mapOf(readCbor(protectedBytes, 'the protected header'), 'the protected header');
  const unsigned = mapOf(unprotectedPart, 'the unprotected header');
  for (const label of unsigned.keys()) {
    // 1 to 3 are algorithm, crit and content type
    if (signedFields.has(label) || label === 1 || label === 2 || label === 3) {
      refuse(
        `the header ${String(label)} stands outside of what is signed, where it could pass for a signed one`,
      );
    }
  }
  refuseShadows(
    [...unsigned.keys()].filter((label) => typeof label === 'string'),
    () => false,
  );
  const algorithm = signedFields.get(coseLabels.algorithm);
  if (typeof algorithm !== 'number') return refuse('the protected header names no algorithm');
  const chain = unsigned.get(coseLabels.x5chain);
  if (!Array.isArray(chain) || chain.length === 0)
    return refuse('it carries no list of certificates (x5chain)');
  const payload = bytesOf(payloadPart, 'the payload');
  const timestamp = unsigned.get(headers.timestamp);
  return {
    algorithm,
    ...checkProtectedHeaders({
      contentType: signedFields.get(coseLabels.contentType),
      critical: signedFields.get(coseLabels.critical),
      named: new Map(
        [...signedFields].filter((entry): entry is [string, unknown] => typeof entry[0] === 'string'),
      ),
      time: readTime,
    }),
    payload,
    signed: signatureStructure(protectedBytes, payload),
    signature: bytesOf(signaturePart, 'the signature'),
    chain: (chain as unknown[]).map((entry, index) => bytesOf(entry, `certificate ${index + 1}`)),
    timestamp: timestamp === undefined ? undefined : bytesOf(timestamp, headers.timestamp),
  };
}

/** What is signed (RFC 9052, section 4.4), without external data. */
export function signatureStructure(protectedBytes: Uint8Array, payload: Uint8Array): Uint8Array {
  return encode(['Signature1', protectedBytes, new Uint8Array(0), payload]);
}

function readCbor(bytes: Uint8Array, where: string): unknown {
  try {
    return decode(bytes, {
      strict: true,
      allowIndefinite: false,
      allowUndefined: false,
      allowInfinity: false,
      allowNaN: false,
      useMaps: true,
      rejectDuplicateMapKeys: true,
      tags: Tagged.preserve(coseTags.sign1, coseTags.epochTime),
    });
  } catch (error) {
    // Whatever went wrong in there, a stack exhausted by nesting too, the bytes are what caused it.
    return refuse(`${where} is not the CBOR that it should be (${(error as Error).message})`, error);
  }
}

function bytesOf(value: unknown, where: string): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length === 0)
    return refuse(`${where} is no byte string, or empty`);
  return value;
}

function mapOf(value: unknown, where: string): ReadonlyMap<unknown, unknown> {
  return value instanceof Map ? value : refuse(`${where} is not a map`);
}

/** Seconds since 1970 under tag 1, whole. */
function readTime(value: unknown): Date | undefined {
  if (!(value instanceof Tagged) || value.tag !== coseTags.epochTime) return undefined;
  const seconds: unknown = value.value;
  if (typeof seconds !== 'number' || !Number.isSafeInteger(seconds)) return undefined;
  const read = new Date(seconds * 1000);
  return Number.isNaN(read.getTime()) ? undefined : read;
}
