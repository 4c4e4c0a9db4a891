import { refuse } from '../refusal.ts';
import { schemes, type SigningScheme } from './envelope.ts';

/** Names of headers, the same in JWS and COSE. */
export const headers = {
  scheme: 'io.cncf.notary.signingScheme',
  signingTime: 'io.cncf.notary.signingTime',
  authenticSigningTime: 'io.cncf.notary.authenticSigningTime',
  expiry: 'io.cncf.notary.expiry',
  agent: 'io.cncf.notary.signingAgent',
  timestamp: 'io.cncf.notary.timestampSignature',
} as const;

/** Media type of what is signed. */
export const payloadType = 'application/vnd.cncf.notary.payload.v1+json';

/** Headers of the protected bucket that are understood, besides algorithm, content type and `crit` itself. */
const understood: readonly string[] = [
  headers.scheme,
  headers.signingTime,
  headers.authenticSigningTime,
  headers.expiry,
];

const plugin = 'io.cncf.notary.verificationPlugin';

/** The protected headers of either format, their values as the format has them. */
export interface ProtectedHeaders {
  readonly contentType: unknown;
  readonly critical: unknown;
  /** all that have a text for a name */
  readonly named: ReadonlyMap<string, unknown>;
  /** Reads the value of a header that is a time; undefined: it is none. */
  time(value: unknown): Date | undefined;
}

/** What the protected headers say. */
export interface SignedAttributes {
  readonly scheme: SigningScheme;
  readonly signingTime: Date;
  readonly expiry: Date | undefined;
}

/**
 * Checks protected headers (signature specification, "Signed Attributes"): the scheme has its own time and no other, all
 * that must be critical is, and nothing is critical that is not understood here.
 * @throws WharfingerError SIGNATURE_INVALID
 */
export function checkProtectedHeaders(given: ProtectedHeaders): SignedAttributes {
  if (given.contentType !== payloadType) {
    refuse(`it signs content of type ${show(given.contentType)}, not ${payloadType}`);
  }
  const named = given.named.get(headers.scheme);
  const scheme = schemes.find((known) => known === named);
  if (scheme === undefined) return refuse(`its signing scheme is ${show(named)}, which is not known here`);
  const critical = criticalOf(given);
  // A plugin could take the place of checks that are made here.
  for (const name of given.named.keys()) {
    if (name.startsWith(plugin))
      refuse(`it demands to be verified by a plugin (${show(name)}); none is here`);
  }
  const [own, other] =
    scheme === 'notary.x509'
      ? [headers.signingTime, headers.authenticSigningTime]
      : [headers.authenticSigningTime, headers.signingTime];
  if (given.named.has(other)) refuse(`it has the header ${other}, which the scheme ${scheme} does not have`);
  const must: string[] = [headers.scheme, ...(own === headers.authenticSigningTime ? [own] : [])];
  if (given.named.has(headers.expiry)) must.push(headers.expiry);
  for (const name of must) {
    if (!critical.has(name)) refuse(`the header ${name} is not marked critical (crit)`);
  }
  const signingTime = timeOf(given, own) ?? refuse(`it has no header ${own}`);
  const expiry = timeOf(given, headers.expiry);
  if (expiry !== undefined && expiry.getTime() <= signingTime.getTime()) {
    refuse(`it expires at ${expiry.toISOString()}, before it was signed`);
  }
  return { scheme, signingTime, expiry };
}

function criticalOf({ critical, named }: ProtectedHeaders): ReadonlySet<string> {
  if (!Array.isArray(critical) || critical.length === 0)
    return refuse('it has no list of critical headers (crit)');
  const seen = new Set<string>();
  for (const name of critical as unknown[]) {
    if (typeof name !== 'string' || !understood.includes(name)) {
      return refuse(`the header ${show(name)} is critical, and not understood here`);
    }
    if (seen.has(name)) refuse(`crit names the header ${name} twice`);
    if (!named.has(name)) refuse(`the header ${name} is marked critical, but it is not there`);
    seen.add(name);
  }
  return seen;
}

function timeOf(given: ProtectedHeaders, name: string): Date | undefined {
  if (!given.named.has(name)) return undefined;
  const value = given.named.get(name);
  return given.time(value) ?? refuse(`the header ${name} is no time in the form that the format has for it`);
}

/**
 * Refuses headers outside of the signature that a reader could take for signed ones.
 * @param names of unprotected headers
 */
export function refuseShadows(names: readonly string[], isProtected: (name: string) => boolean): void {
  for (const name of names) {
    const lower = name.toLowerCase();
    if (
      isProtected(name) ||
      [...understood, 'alg', 'crit', 'cty'].some((known) => known.toLowerCase() === lower)
    ) {
      refuse(
        `the header ${show(name)} stands outside of what is signed, where it could pass for a signed one`,
      );
    }
  }
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 200));
  return typeof value === 'number' ? String(value) : `a value of type ${typeof value}`;
}
