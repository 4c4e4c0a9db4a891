import { encode, Tagged } from 'cborg';
import { signNotationBytes, coseNumber, type NotationAlgorithm } from './algorithms.ts';
import { coseLabels, coseTags, signatureStructure } from './cose.ts';
import type { SigningScheme } from './envelope.ts';
import type { EnvelopeType } from './parse-envelope.ts';
import { headers, payloadType } from './protected-headers.ts';
import type { TargetArtifact } from './payload.ts';
import type { KeyObject } from 'node:crypto';

/** What a signature envelope is made from. */
export interface EnvelopeContent {
  readonly target: TargetArtifact;
  readonly scheme: SigningScheme;
  readonly signingTime: Date;
  readonly expiry?: Date;
  readonly algorithm: NotationAlgorithm;
  readonly key: KeyObject;
  /** DER, leaf first, root last */
  readonly chain: readonly Uint8Array[];
  /** RFC 3161 token over the signature, from what the signature is */
  readonly timestamp?: (signature: Uint8Array) => Uint8Array;
}

const agent = 'wharfinger';

/** Makes a signature envelope. Nothing is checked: see `signNotation`. */
export function signEnvelope(type: EnvelopeType, content: EnvelopeContent): Buffer {
  return type === 'application/cose' ? signCose(content) : signJws(content);
}

function signJws({ algorithm, key, chain, timestamp, ...content }: EnvelopeContent): Buffer {
  const { critical, times } = attributes(content);
  const protectedText = base64Url({
    alg: algorithm,
    crit: critical,
    cty: payloadType,
    [headers.scheme]: content.scheme,
    ...Object.fromEntries(times.map(([name, time]) => [name, time.toISOString().replace(/\.\d+Z$/, 'Z')])),
  });
  const payloadText = base64Url({ targetArtifact: content.target });
  const signature = signNotationBytes(algorithm, key, Buffer.from(`${protectedText}.${payloadText}`));
  const token = timestamp?.(signature);
  return Buffer.from(
    JSON.stringify({
      payload: payloadText,
      protected: protectedText,
      header: {
        ...(token === undefined ? {} : { [headers.timestamp]: Buffer.from(token).toString('base64') }),
        x5c: chain.map((der) => Buffer.from(der).toString('base64')),
        [headers.agent]: agent,
      },
      signature: signature.toString('base64url'),
    }),
  );
}

function signCose({ algorithm, key, chain, timestamp, ...content }: EnvelopeContent): Buffer {
  const { critical, times } = attributes(content);
  const protectedBytes = encode(
    new Map<unknown, unknown>([
      [coseLabels.algorithm, coseNumber(algorithm)],
      [coseLabels.critical, critical],
      [coseLabels.contentType, payloadType],
      [headers.scheme, content.scheme],
      ...times.map(([name, time]): [string, Tagged] => [
        name,
        new Tagged(coseTags.epochTime, Math.floor(time.getTime() / 1000)),
      ]),
    ]),
  );
  const payload = Buffer.from(JSON.stringify({ targetArtifact: content.target }));
  const signature = signNotationBytes(algorithm, key, signatureStructure(protectedBytes, payload));
  const token = timestamp?.(signature);
  const unsigned = new Map<unknown, unknown>([
    [coseLabels.x5chain, chain],
    [headers.agent, agent],
    ...(token === undefined ? [] : ([[headers.timestamp, token]] as const)),
  ]);
  return Buffer.from(encode(new Tagged(coseTags.sign1, [protectedBytes, unsigned, payload, signature])));
}

/** What is signed besides the target, and which of it a reader must understand. */
function attributes({
  scheme,
  signingTime,
  expiry,
}: Pick<EnvelopeContent, 'scheme' | 'signingTime' | 'expiry'>): {
  readonly critical: readonly string[];
  readonly times: ReadonlyArray<readonly [string, Date]>;
} {
  const own = scheme === 'notary.x509' ? headers.signingTime : headers.authenticSigningTime;
  return {
    critical: [
      headers.scheme,
      ...(own === headers.authenticSigningTime ? [own] : []),
      ...(expiry === undefined ? [] : [headers.expiry]),
    ],
    times: [[own, signingTime], ...(expiry === undefined ? [] : ([[headers.expiry, expiry]] as const))],
  };
}

function base64Url(document: object): string {
  return Buffer.from(JSON.stringify(document)).toString('base64url');
}
