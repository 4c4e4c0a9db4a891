import { WharfingerError } from '../../errors.ts';
import { parseStrictJson } from '../../oci/strict-json.ts';
import type { TrustedCertificates } from '../evidence.ts';
import { actions, checks, levels, type Check, type CheckAction, type Level } from './level.ts';
import { storeType } from './trust-store.ts';
import { parseTrustedNames } from './trusted-identity.ts';

/** One statement of trustpolicy.json. */
export interface TrustPolicyStatement {
  readonly name: string;
  /** `host/repository`, or `*` alone */
  readonly scopes: readonly string[];
  /** undefined: the level `skip`, under which nobody's signature counts here */
  readonly signer: TrustedCertificates | undefined;
}

/** A trust policy of the Notary Project, version 1.0. */
export interface TrustPolicy {
  readonly statements: readonly TrustPolicyStatement[];
}

type Report = (what: string) => void;
type Fields = Readonly<Record<string, unknown>>;

const host =
  /^(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*(?::[0-9]+)?$/;
const component = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;

/** Larger files are none that a person wrote. */
const largest = 1024 * 1024;

/**
 * Reads trustpolicy.json as notation does (trust policy specification, version 1.0), only that fields which it does not know
 * are mistakes.
 * @throws WharfingerError TRUST_POLICY_INVALID naming every mistake
 */
export function parseTrustPolicy(bytes: Uint8Array): TrustPolicy {
  const mistakes: string[] = [];
  const report: Report = (what) => void mistakes.push(what);
  const refuse = (): never => {
    throw new WharfingerError('TRUST_POLICY_INVALID', { what: mistakes.join('; ') });
  };
  if (bytes.length > largest) {
    report(`the file is larger than ${largest} bytes`);
    return refuse();
  }
  const value = parseStrictJson(bytes, (what) => {
    report(what);
    return refuse();
  });
  if (!isObject(value)) {
    report('it is not a JSON object');
    return refuse();
  }
  only(value, ['version', 'trustPolicies'], 'the policy', report);
  if (value['version'] !== '1.0') report(`version is ${show(value['version'])}, not "1.0"`);
  const list = value['trustPolicies'];
  if (!Array.isArray(list) || list.length === 0) {
    report('trustPolicies is not a list of at least one statement');
    return refuse();
  }
  const statements = list.map((entry: unknown, at) => parseStatement(entry, at, report));
  reportRepeated(
    statements.map(({ name }) => name),
    (name) => report(`the name ${show(name)} stands twice`),
  );
  reportRepeated(
    statements.flatMap(({ scopes }) => scopes),
    (scope) => report(`the registry scope ${show(scope)} stands in several statements`),
  );
  return mistakes.length > 0 ? refuse() : { statements };
}

/**
 * Whose signatures count for a repository by a trust policy: the statement that names it, else the one for `*`.
 * @param scope `host/repository`
 * @returns nothing where no statement is for it, or the one that is says `skip`: an image that nobody vouches for is none that
 * passed
 */
export function signersOf(policy: TrustPolicy, scope: string): TrustedCertificates[] {
  const statement =
    policy.statements.find(({ scopes }) => scopes.includes(scope)) ??
    policy.statements.find(({ scopes }) => scopes.includes('*'));
  return statement?.signer === undefined ? [] : [statement.signer];
}

function parseStatement(value: unknown, at: number, tell: Report): TrustPolicyStatement {
  const fields = isObject(value) ? value : {};
  const name = typeof fields['name'] === 'string' ? fields['name'] : '';
  const where = name === '' ? `statement ${at + 1}` : `statement ${show(name)}`;
  const report: Report = (what) => tell(`${where}: ${what}`);
  if (!isObject(value)) report('it is not an object');
  if (name === '') report('it has no name');
  const known = ['name', 'registryScopes', 'signatureVerification', 'trustStores', 'trustedIdentities'];
  only(fields, known, 'it', report);
  const scopes = texts(fields['registryScopes'], 'registryScopes', report);
  checkScopes(scopes, report);
  const verification = parseVerification(fields['signatureVerification'], report);
  const trustStores = texts(fields['trustStores'] ?? [], 'trustStores', report);
  const trustedIdentities = texts(fields['trustedIdentities'] ?? [], 'trustedIdentities', report);
  if (verification === 'skip') {
    if (trustStores.length + trustedIdentities.length > 0) {
      report('it skips verification, but names trust stores or trusted identities');
    }
    return { name, scopes, signer: undefined };
  }
  if (trustStores.length === 0) report('it names no trust stores');
  for (const store of trustStores) {
    if (storeType(store) === undefined) {
      report(`the trust store ${show(store)} is not ca:NAME, signingAuthority:NAME or tsa:NAME`);
    }
  }
  parseTrustedNames(trustedIdentities, report);
  return { name, scopes, signer: { name, notation: { trustStores, trustedIdentities, ...verification } } };
}

type Verification = Pick<TrustedCertificates['notation'], 'level' | 'override' | 'verifyTimestamp'>;

function parseVerification(value: unknown, report: Report): Verification | 'skip' {
  if (!isObject(value)) {
    report('it has no signatureVerification');
    return {};
  }
  only(value, ['level', 'override', 'verifyTimestamp'], 'signatureVerification', report);
  const { level, override, verifyTimestamp } = value;
  if (level !== 'skip' && !isOneOf<Level>(levels, level)) {
    report(`the level ${show(level)} is none of ${levels.join(', ')}, skip`);
  }
  if (
    verifyTimestamp !== undefined &&
    verifyTimestamp !== 'always' &&
    verifyTimestamp !== 'afterCertExpiry'
  ) {
    report(`verifyTimestamp is ${show(verifyTimestamp)}, not "always" or "afterCertExpiry"`);
  }
  const overridden = parseOverride(override, report);
  if (level === 'skip') {
    if (Object.keys(overridden).length > 0) report('the level skip has nothing to override');
    return 'skip';
  }
  return {
    ...(isOneOf<Level>(levels, level) ? { level } : {}),
    ...(Object.keys(overridden).length === 0 ? {} : { override: overridden }),
    ...(verifyTimestamp === 'always' || verifyTimestamp === 'afterCertExpiry' ? { verifyTimestamp } : {}),
  };
}

function parseOverride(value: unknown, report: Report): NonNullable<Verification['override']> {
  if (value === undefined) return {};
  if (!isObject(value)) {
    report('override is not an object');
    return {};
  }
  const entries = Object.entries(value).flatMap(([check, action]): Array<[Check, CheckAction]> => {
    if (check === 'integrity') report('integrity is always enforced and cannot be overridden');
    else if (!isOneOf<Check>(checks, check))
      report(`override names ${show(check)}, none of ${checks.join(', ')}`);
    else if (!isOneOf<CheckAction>(actions, action))
      report(`override of ${check} is none of ${actions.join(', ')}`);
    else if (action === 'skip' && check !== 'revocation')
      report(`${check} cannot be skipped, only revocation can`);
    else return [[check, action]];
    return [];
  });
  return Object.fromEntries(entries);
}

function checkScopes(scopes: readonly string[], report: Report): void {
  if (scopes.length === 0) report('it names no registry scopes');
  if (scopes.length > 1 && scopes.includes('*'))
    report('the registry scope * stands beside others; it must stand alone');
  for (const scope of scopes) {
    if (scope === '*') continue;
    const [first = '', ...path] = scope.split('/');
    if (
      scope.length > 512 ||
      !host.test(first) ||
      path.length === 0 ||
      !path.every((part) => component.test(part))
    ) {
      report(
        `the registry scope ${show(scope)} is not of the form host/repository, without a tag; * stands alone`,
      );
    }
  }
}

function texts(value: unknown, where: string, report: Report): readonly string[] {
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string' && entry !== ''))
    return value as string[];
  if (value !== undefined) report(`${where} is not a list of texts`);
  return [];
}

function only(fields: Fields, known: readonly string[], where: string, report: Report): void {
  for (const key of Object.keys(fields)) {
    if (!known.includes(key)) report(`${where} has the unknown field ${show(key)}`);
  }
}

function reportRepeated(all: readonly string[], report: Report): void {
  const repeated = all.filter((one, at) => one !== '' && all.indexOf(one) !== at);
  for (const one of new Set(repeated)) report(one);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isOneOf<T extends string>(known: readonly T[], value: unknown): value is T {
  return (known as readonly unknown[]).includes(value);
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? 'absent').slice(0, 200);
}
