import { refuse } from '../refusal.ts';
import { coseType, parseCose } from './cose.ts';
import type { Envelope } from './envelope.ts';
import { jwsType, parseJws } from './jws.ts';

/** The media type of a signature envelope. */
export type EnvelopeType = typeof jwsType | typeof coseType;

/**
 * Reads a signature envelope of the Notary Project (signature specification; JWS and COSE envelopes).
 * @throws WharfingerError SIGNATURE_INVALID with the reason
 */
export function parseEnvelope(mediaType: string, bytes: Uint8Array): Envelope {
  if (mediaType === jwsType) return parseJws(bytes);
  if (mediaType === coseType) return parseCose(bytes);
  return refuse(
    `${JSON.stringify(mediaType.slice(0, 200))} is no envelope of the Notary Project: it is ${jwsType} or ${coseType}`,
  );
}
