import { WharfingerError } from '../errors.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import { parseStrictJson } from '../oci/strict-json.ts';
import { payloadTypes } from '../oci/wharfinger-names.ts';
import { envelopeSigner, parseEnvelope, signEnvelope, type Envelope } from '../signing/dsse.ts';
import { parsePublicKey } from '../signing/keys.ts';
import type { SigningKey } from '../signing/private-keys.ts';
import type { Judgement } from './judgement-document.ts';
import { canonical, longestJudgement, parseJudgement, serialiseJudgement } from './judgement.ts';

/** A key of the registry whose judgements are taken. */
export interface RegistryKey {
  /** how people call it */
  readonly name: string;
  /** PEM, SubjectPublicKeyInfo */
  readonly pem: string;
}

/** A judgement that may be judged by. */
export interface OpenedJudgement {
  readonly judgement: Judgement;
  /** of its canonical form: what receipts name it by, whoever signed it */
  readonly digest: Digest;
  /** id of the registry's key that signed it; absent: nobody can tell, and the caller takes it so */
  readonly keyId?: string;
}

export interface OpenJudgementOptions {
  /** whose judgements are taken; one signature by any of them is enough */
  readonly registryKeys: readonly RegistryKey[];
  readonly now: Date;
  /** logical identity of the registry whose judgement it must be; absent: of any that one of the keys speaks for */
  readonly registry?: string;
  /** version of the last judgement that was seen: one with a lower number is refused */
  readonly seenVersion?: number;
  /**
   * true: what nobody signed is taken as well, and without any key what nobody here can tell the signer of: it is worth as
   * much as the way that it came
   */
  readonly unsigned?: boolean;
}

/** A judgement, signed by the registry: a DSSE envelope as JSON text. */
export function signJudgement(judgement: Judgement, key: SigningKey): string {
  const payload = Buffer.from(serialiseJudgement(judgement));
  return canonical(signEnvelope(payloadTypes.judgement, payload, key.algorithm, key.key));
}

/** base64 and the fields of the envelope around the longest document */
const longestSealed = Math.ceil((longestJudgement * 4) / 3) + 64 * 1024;

/**
 * Opens a judgement that came from elsewhere.
 *
 * @throws WharfingerError JUDGEMENT_UNTRUSTED: nobody signed it, or none of the keys did, or it expired, or an older one
 *   than was seen, or of another registry; JUDGEMENT_INVALID naming every mistake of the document
 */
export function openJudgement(bytes: Uint8Array, options: OpenJudgementOptions): OpenedJudgement {
  const envelope = envelopeOf(bytes);
  if (envelope === undefined) {
    if (options.unsigned !== true)
      throw untrusted(
        'nobody signed it',
        'take the one that the registry signs, or say that an unsigned one is meant',
      );
    return checked(parseJudgement(bytes), undefined, options);
  }
  const keys = options.registryKeys.map((key) => parsePublicKey(key));
  const signer = envelopeSigner(envelope, keys);
  const unchecked = options.unsigned === true && keys.length === 0;
  if (signer === undefined && !unchecked)
    throw untrusted(
      keys.length === 0
        ? 'no key of a registry is trusted'
        : 'none of the trusted keys of registries signed it',
      'give the public key of the registry that made it; GET /api/v1/registry/key shows it',
    );
  const judgement = parseJudgement(envelope.payload);
  // two spellings of one document would be two digests for it
  if (serialiseJudgement(judgement) !== envelope.payload.toString('utf8'))
    throw new WharfingerError('JUDGEMENT_INVALID', { what: 'it is not in the form of RFC 8785' });
  return checked(judgement, signer?.id, options);
}

/** Whether this is a signed judgement; undefined: some other document. */
function envelopeOf(bytes: Uint8Array): Envelope | undefined {
  const refuse = (what: string): never => {
    throw new WharfingerError('JUDGEMENT_INVALID', { what });
  };
  if (bytes.length > longestSealed) refuse(`it is larger than ${longestSealed} bytes`);
  const value = parseStrictJson(bytes, refuse);
  if (typeof value !== 'object' || value === null || !('payloadType' in value || 'signatures' in value))
    return undefined;
  let envelope: Envelope;
  try {
    envelope = parseEnvelope(value);
  } catch (error) {
    if (!(error instanceof WharfingerError)) throw error;
    throw untrusted(error.message);
  }
  if (envelope.payloadType !== payloadTypes.judgement)
    refuse(`it is a signed document of type ${JSON.stringify(envelope.payloadType.slice(0, 200))}`);
  return envelope;
}

function checked(
  judgement: Judgement,
  keyId: string | undefined,
  { now, registry, seenVersion }: OpenJudgementOptions,
): OpenedJudgement {
  if (Date.parse(judgement.expires) <= now.getTime()) throw untrusted(`it expired at ${judgement.expires}`);
  if (Date.parse(judgement.madeAt) > now.getTime() + clockSkewMs)
    throw untrusted(
      `it was made at ${judgement.madeAt}, which is still to come`,
      'set the clock of this machine',
    );
  demandNotOlder(judgement, seenVersion);
  if (registry !== undefined && judgement.registry !== registry)
    throw untrusted(`it is of the registry ${judgement.registry}, not of ${registry}`);
  const digest = digestOf(Buffer.from(serialiseJudgement(judgement)));
  return { judgement, digest, ...(keyId === undefined ? {} : { keyId }) };
}

/**
 * For who learns only by opening a judgement whose it is, and so which version was seen before.
 * @param seenVersion undefined: none was
 * @throws WharfingerError JUDGEMENT_UNTRUSTED
 */
export function demandNotOlder({ version }: Judgement, seenVersion: number | undefined): void {
  if (seenVersion !== undefined && version < seenVersion)
    throw untrusted(`it is version ${version}, and version ${seenVersion} was seen before`);
}

/** Clocks of two machines may differ by as much. */
const clockSkewMs = 5 * 60_000;

function untrusted(what: string, remedy?: string): WharfingerError {
  return new WharfingerError('JUDGEMENT_UNTRUSTED', { what, ...(remedy === undefined ? {} : { remedy }) });
}
