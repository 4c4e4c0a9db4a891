import type { KeyObject } from 'node:crypto';
import type { KeyAlgorithm, PublicKey } from './keys.ts';
import { signBytes, verifyBytes } from './raw-signature.ts';
import { refuse } from './refusal.ts';
import { base64Of, objectOf, onlyKeys, stringOf } from './strict-fields.ts';

/** A DSSE envelope with its one signature (secure-systems-lab/dsse, envelope.md). */
export interface Envelope {
  readonly payloadType: string;
  readonly payload: Buffer;
  readonly signature: Buffer;
  /** empty: not given */
  readonly keyid: string;
}

/** What an envelope's signature is over: DSSE's pre-authentication encoding (protocol.md). */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const type = Buffer.from(payloadType, 'utf8');
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${type.length} `),
    type,
    Buffer.from(` ${payload.length} `),
    payload,
  ]);
}

/**
 * Reads an envelope from parsed JSON. Exactly one signature counts: with several, who adds one could decide which is seen.
 * @throws WharfingerError SIGNATURE_INVALID
 */
export function parseEnvelope(value: unknown): Envelope {
  const fields = objectOf(value, 'the envelope');
  onlyKeys(fields, ['payloadType', 'payload', 'signatures'], 'the envelope');
  const { signatures } = fields;
  if (!Array.isArray(signatures)) refuse('the envelope carries no list of signatures');
  if (signatures.length !== 1) {
    refuse(`the envelope carries ${signatures.length} signatures, exactly one counts`);
  }
  const signature = objectOf(signatures[0], 'the signature');
  onlyKeys(signature, ['sig', 'keyid'], 'the signature');
  return {
    payloadType: stringOf(fields['payloadType'], 'payloadType'),
    payload: base64Of(fields['payload'], 'payload'),
    signature: base64Of(signature['sig'], 'sig'),
    keyid: signature['keyid'] === undefined ? '' : stringOf(signature['keyid'], 'keyid'),
  };
}

/** The first of these keys that signed the envelope; undefined: none of them did. The keyid is not looked at. */
export function envelopeSigner(envelope: Envelope, keys: readonly PublicKey[]): PublicKey | undefined {
  const signed = preAuthEncoding(envelope.payloadType, envelope.payload);
  return keys.find((key) => verifyBytes(key, signed, envelope.signature));
}

/** An envelope as JSON data, signed. It carries no keyid, as cosign writes it. */
export function signEnvelope(
  payloadType: string,
  payload: Uint8Array,
  algorithm: KeyAlgorithm,
  key: KeyObject,
): object {
  const signature = signBytes(algorithm, key, preAuthEncoding(payloadType, payload));
  return {
    payload: Buffer.from(payload).toString('base64'),
    payloadType,
    signatures: [{ sig: signature.toString('base64') }],
  };
}
