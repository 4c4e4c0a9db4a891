import { WharfingerError } from '../errors.ts';
import { formatPath, type Path, type PlainCheck } from '../routines/plain-check.ts';
import {
  signatureFormats,
  signerPurposes,
  type Revocation,
  type TextMatch,
  type TrustedCertificates,
  type TrustedSigner,
} from '../signing/evidence.ts';
import { parsePublicKey } from '../signing/keys.ts';
import type { RevocationList, TrustRule } from './judgement-document.ts';
import {
  integer,
  listOf,
  oneOf,
  optional,
  repositoryPattern,
  shortText,
  textUpTo,
  time,
  type Read,
} from './plain-fields.ts';

const algorithms = ['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'ed25519', 'rsa'] as const;
const levels = ['strict', 'permissive', 'audit'] as const;
const common = ['name', 'principal', 'team', 'purposes', 'validFrom', 'validTo'];

/** Names that signers lean on, which the document has to define. */
export interface TrustNames {
  readonly sigstoreRoots: Readonly<Record<string, string>>;
  readonly trustStores: Readonly<Record<string, string>>;
}

/** Whose signatures count for the repositories of a pattern. */
export function readTrustRule(names: TrustNames): Read<TrustRule> {
  return (value, path, check) => {
    const fields = check.fields(value, path, ['pattern', 'signers', 'formats']);
    const signers = listOf(readSigner(names), 1000)(fields['signers'], [...path, 'signers'], check);
    uniqueNames(signers, [...path, 'signers'], check);
    return {
      pattern: repositoryPattern(fields['pattern'], [...path, 'pattern'], check),
      signers,
      formats: listOf(oneOf(signatureFormats), signatureFormats.length)(
        fields['formats'],
        [...path, 'formats'],
        check,
      ),
    };
  };
}

/** Verdicts and layouts name signers: two of one name would be taken for each other. */
export function uniqueNames(signers: readonly TrustedSigner[], path: Path, check: PlainCheck): void {
  const seen = new Set<string>();
  for (const [index, { name }] of signers.entries()) {
    if (name !== '' && seen.has(name)) check.fail([...path, index, 'name'], `stands twice: ${name}`);
    seen.add(name);
  }
}

/** A key, a keyless identity, or certificates. */
export function readSigner(names: TrustNames): Read<TrustedSigner> {
  return (value, path, check) => {
    const given = Object.fromEntries(check.entries(value, path));
    const kinds = ['pem', 'keyless', 'notation'].filter((kind) => given[kind] !== undefined);
    if (kinds.length !== 1) check.fail(path, 'must have exactly one of pem, keyless, notation');
    const [kind] = kinds;
    const own = kind === 'pem' ? ['pem', 'algorithm'] : ['keyless', 'notation'].filter((one) => one === kind);
    const fields = check.fields(value, path, kinds.length === 1 ? [...common, ...own] : Object.keys(given));
    const record = {
      name: textUpTo(200)(fields['name'], [...path, 'name'], check),
      ...optional(fields, 'principal', path, check, textUpTo(200)),
      ...optional(fields, 'team', path, check, textUpTo(200)),
      ...optional(fields, 'purposes', path, check, listOf(oneOf(signerPurposes), signerPurposes.length)),
      ...optional(fields, 'validFrom', path, check, time),
      ...optional(fields, 'validTo', path, check, time),
    };
    if (kind === 'keyless')
      return { ...record, keyless: readKeyless(names)(fields[kind], [...path, kind], check) };
    if (kind === 'notation')
      return { ...record, notation: readNotation(names)(fields[kind], [...path, kind], check) };
    const key = {
      ...record,
      pem: textUpTo(16_384)(fields['pem'], [...path, 'pem'], check),
      ...optional(fields, 'algorithm', path, check, oneOf(algorithms)),
    };
    if (key.pem !== '') checkKey(key, path, check);
    return key;
  };
}

/** A public key (PEM) by itself. */
export const readPem: Read<string> = (value, path, check) => {
  const pem = textUpTo(16_384)(value, path, check);
  if (pem !== '') checkKey({ name: formatPath(path), pem }, path, check);
  return pem;
};

function checkKey(
  key: { name: string; pem: string; algorithm?: string },
  path: Path,
  check: PlainCheck,
): void {
  try {
    const { algorithm } = parsePublicKey({ name: key.name, pem: key.pem });
    if (key.algorithm !== undefined && key.algorithm !== algorithm)
      check.fail([...path, 'algorithm'], `is ${key.algorithm}, but the key is ${algorithm}`);
  } catch (error) {
    if (!(error instanceof WharfingerError)) throw error;
    check.fail(path, error.message);
  }
}

function readKeyless({ sigstoreRoots }: TrustNames) {
  return (value: unknown, path: Path, check: PlainCheck) => {
    const fields = check.fields(value, path, ['issuer', 'subject', 'root']);
    const root = shortText(fields['root'], [...path, 'root'], check);
    if (root !== '' && !Object.hasOwn(sigstoreRoots, root))
      check.fail([...path, 'root'], `names no trusted root of sigstoreRoots: ${root}`);
    return {
      issuer: readTextMatch(fields['issuer'], [...path, 'issuer'], check),
      subject: readTextMatch(fields['subject'], [...path, 'subject'], check),
      root,
    };
  };
}

const readTextMatch: Read<TextMatch> = (value, path, check) => {
  const fields = check.fields(value, path, ['exact', 'pattern']);
  if ((fields['exact'] === undefined) === (fields['pattern'] === undefined))
    check.fail(path, 'must have either exact or pattern');
  return fields['pattern'] === undefined
    ? { exact: shortText(fields['exact'], [...path, 'exact'], check) }
    : { pattern: shortText(fields['pattern'], [...path, 'pattern'], check) };
};

function readNotation({ trustStores }: TrustNames) {
  return (value: unknown, path: Path, check: PlainCheck) => {
    const fields = check.fields(value, path, [
      'trustStores',
      'trustedIdentities',
      'level',
      'override',
      'verifyTimestamp',
    ]);
    const stores = listOf(shortText, 100)(fields['trustStores'], [...path, 'trustStores'], check);
    for (const [index, store] of stores.entries())
      if (store !== '' && !Object.hasOwn(trustStores, store))
        check.fail([...path, 'trustStores', index], `names no trust store: ${store}`);
    return {
      trustStores: stores,
      trustedIdentities: listOf(shortText, 100)(
        fields['trustedIdentities'],
        [...path, 'trustedIdentities'],
        check,
      ),
      ...optional(fields, 'level', path, check, oneOf(levels)),
      ...optional(fields, 'override', path, check, readOverride),
      ...optional(fields, 'verifyTimestamp', path, check, oneOf(['always', 'afterCertExpiry'] as const)),
    };
  };
}

const readOverride: Read<NonNullable<TrustedCertificates['notation']['override']>> = (value, path, check) => {
  const fields = check.fields(value, path, ['authenticTimestamp', 'expiry', 'revocation']);
  const told = oneOf(['enforce', 'log'] as const);
  return {
    ...optional(fields, 'authenticTimestamp', path, check, told),
    ...optional(fields, 'expiry', path, check, told),
    ...optional(fields, 'revocation', path, check, oneOf(['enforce', 'log', 'skip'] as const)),
  };
};

/** Who does not count any more. */
export const readRevocations: Read<RevocationList> = (value, path, check) => {
  const fields = check.fields(value, path, ['version', 'issuedAt', 'expires', 'entries']);
  return {
    version: integer(0, Number.MAX_SAFE_INTEGER)(fields['version'], [...path, 'version'], check),
    issuedAt: time(fields['issuedAt'], [...path, 'issuedAt'], check),
    expires: time(fields['expires'], [...path, 'expires'], check),
    entries: listOf(readRevocation, 100_000)(fields['entries'], [...path, 'entries'], check),
  };
};

/** A key that does not count any more. */
export const readRevocation: Read<Revocation> = (value, path, check) => {
  const fields = check.fields(value, path, ['keyId', 'compromisedSince', 'revokedAt', 'reason']);
  const keyId = check.text(fields['keyId'], [...path, 'keyId'], 64);
  if (keyId !== '' && !/^[0-9a-f]{64}$/.test(keyId))
    check.fail([...path, 'keyId'], 'must be 64 hex digits in lower case');
  return {
    keyId,
    ...optional(fields, 'compromisedSince', path, check, time),
    revokedAt: time(fields['revokedAt'], [...path, 'revokedAt'], check),
    reason: shortText(fields['reason'], [...path, 'reason'], check),
  };
};
