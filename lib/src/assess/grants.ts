import { distinctPeople } from '../custody/distinct-people.ts';
import { isWharfingerError } from '../errors.ts';
import { matchingEntries } from '../oci/repository-pattern.ts';
import { parseStrictJson } from '../oci/strict-json.ts';
import { payloadTypes } from '../oci/wharfinger-names.ts';
import type { RepositoryFacts } from '../routines/facts.ts';
import type { Grant } from '../routines/records.ts';
import { matchesScope } from '../routines/scope.ts';
import { compareTexts } from '../routines/severity-order.ts';
import { parseTime } from '../routines/time.ts';
import { envelopeSigner, parseEnvelope, type Envelope } from '../signing/dsse.ts';
import type { Revocation, TrustedKey, TrustedSigner } from '../signing/evidence.ts';
import { parsePublicKey } from '../signing/keys.ts';
import { refuse } from '../signing/refusal.ts';
import { hoursOf, readGrantPayload, type GrantRequest } from './grant-request.ts';
import type { GrantRule } from './judgement-document.ts';

/** Grants that count for a repository, and those about it that do not. */
export interface CheckedGrants {
  readonly grants: readonly Grant[];
  readonly refused: readonly RefusedGrant[];
  /** RFC 3339: time alone may make others count then; the grants' own hours are not among it. Absent: it does not */
  readonly validUntil?: string;
}

export interface RefusedGrant {
  /** absent: it could not be read */
  readonly id?: string;
  readonly reason: string;
}

/** One grant as it came, with who signed it. */
interface ReadGrant {
  readonly request: GrantRequest;
  readonly envelopes: readonly Envelope[];
}

/** Envelopes that are looked at of one grant. */
const mostEnvelopes = 100;

type Signed = readonly string[];
const read = new WeakMap<Signed, ReadGrant | { readonly reason: string }>();
const signers = new WeakMap<ReadGrant, WeakMap<GrantRule, ReadonlyMap<string, readonly TrustedKey[]>>>();

/**
 * The break-glass grants that count for a repository: signed by enough approvers of the rule that governs it, who are different principals
 * with different keys, each valid now and not revoked; for not more hours than the rule allows. Signatures of a grant carry no trusted time,
 * so that now decides about its approvers.
 *
 * @param sets for each grant the DSSE envelopes of its approvers, as JSON text. Not to be changed afterwards: what was read is remembered
 * @param rules who may break the glass where; the most specific pattern counts
 */
export function grantsFor(
  sets: readonly Signed[],
  rules: readonly GrantRule[],
  revocations: readonly Revocation[],
  repository: RepositoryFacts,
  now: Date,
): CheckedGrants {
  const grants: Grant[] = [];
  const refused: RefusedGrant[] = [];
  const edges: number[] = [];
  const rule = ruleFor(rules, repository);
  for (const set of sets) {
    const grant = readGrant(set);
    if ('reason' in grant) {
      refused.push(grant);
      continue;
    }
    const { request } = grant;
    const over = parseTime(request.until)! <= now.getTime();
    if (over || !matchesScope(request.scope, repository)) continue;
    const mistake = rule === undefined ? 'nobody may break the glass here' : tooLong(request, rule);
    if (rule === undefined || mistake !== undefined) {
      refused.push({ id: request.id, reason: mistake! });
      continue;
    }
    const approvedBy = approversOf(grant, rule, revocations, now, edges);
    if (approvedBy.length >= rule.needed) grants.push({ ...request, approvedBy });
    else refused.push({ id: request.id, reason: tooFew(approvedBy, rule) });
  }
  const next = Math.min(...edges.filter((time) => time > now.getTime()));
  return {
    grants,
    refused,
    ...(Number.isFinite(next) && { validUntil: new Date(next).toISOString() }),
  };
}

/** The rule of the most specific pattern. One without patterns is for all repositories that its scope has. */
function ruleFor(rules: readonly GrantRule[], repository: RepositoryFacts): GrantRule | undefined {
  const entries = rules
    .filter((rule) => matchesScope(rule.scope, repository))
    .flatMap((rule) => (rule.scope.repositories ?? ['**']).map((pattern) => ({ pattern, rule })));
  return matchingEntries(entries, repository.name)[0]?.rule;
}

function tooLong(request: GrantRequest, { maxHours }: GrantRule): string | undefined {
  const hours = hoursOf(request);
  return hours > maxHours ? `it is for ${hours} hours, and here for at most ${maxHours}` : undefined;
}

function tooFew(approvedBy: readonly string[], { needed }: GrantRule): string {
  const who = approvedBy.length === 0 ? 'nobody who may' : approvedBy.join(', ');
  return `signed by ${who}, and ${needed} different approvers with different keys must sign`;
}

/** Reads the envelopes of one grant: all over the same bytes. */
function readGrant(set: Signed): ReadGrant | { readonly reason: string } {
  let known = read.get(set);
  if (known === undefined) {
    known = readEnvelopes(set);
    read.set(set, known);
  }
  return known;
}

function readEnvelopes(set: Signed): ReadGrant | { readonly reason: string } {
  try {
    if (set.length > mostEnvelopes) refuse(`it has ${set.length} signatures, more than ${mostEnvelopes}`);
    const envelopes = set.map((text) => parseEnvelope(parseStrictJson(Buffer.from(text), refuse)));
    const [first] = envelopes;
    if (first === undefined) return refuse('it has no signature');
    for (const { payloadType, payload } of envelopes) {
      if (payloadType !== payloadTypes.grant) refuse(`what was signed is ${payloadType}, not a grant`);
      if (!payload.equals(first.payload)) refuse('its approvers signed different grants');
    }
    return { request: readGrantPayload(first.payload), envelopes };
  } catch (error) {
    if (isWharfingerError(error, 'SIGNATURE_INVALID') || isWharfingerError(error, 'GRANT_INVALID'))
      return { reason: error.message };
    throw error;
  }
}

/** Names of the people whose signatures count now, in order: whoever shares a key or a principal with another counts as one with him. */
function approversOf(
  grant: ReadGrant,
  rule: GrantRule,
  revocations: readonly Revocation[],
  now: Date,
  edges: number[],
): string[] {
  const given = [...signersOf(grant, rule)]
    .filter(([keyId]) => !revocations.some((revocation) => revocation.keyId === keyId))
    .flatMap(([keyId, records]) =>
      records
        .filter((record) => isValid(record, now, edges))
        .map(({ principal, name }) => ({ keyId, principal: principal ?? name, role: '' })),
    );
  return distinctPeople(given)
    .map(({ principals }) => principals.join(' or '))
    .sort(compareTexts);
}

function isValid({ validFrom, validTo }: TrustedKey, now: Date, edges: number[]): boolean {
  const from = validFrom === undefined ? -Infinity : (parseTime(validFrom) ?? Infinity);
  const to = validTo === undefined ? Infinity : (parseTime(validTo) ?? -Infinity);
  edges.push(from, to);
  return from <= now.getTime() && now.getTime() < to;
}

/** Keys of the rule that signed a grant, with what the rule says of each. */
function signersOf(grant: ReadGrant, rule: GrantRule): ReadonlyMap<string, readonly TrustedKey[]> {
  const byRule = signers.get(grant) ?? new WeakMap<GrantRule, ReadonlyMap<string, readonly TrustedKey[]>>();
  signers.set(grant, byRule);
  let found = byRule.get(rule);
  if (found === undefined) {
    const records = rule.approvers.filter(isKey).map((record) => ({ record, key: parsePublicKey(record) }));
    const pinned = records.filter(({ record, key }) => (record.algorithm ?? key.algorithm) === key.algorithm);
    const keys = pinned.map(({ key }) => key);
    const ids = new Set(grant.envelopes.map((envelope) => envelopeSigner(envelope, keys)?.id));
    const signed = pinned.filter(({ key }) => ids.has(key.id));
    found = new Map(
      [...Map.groupBy(signed, ({ key }) => key.id)].map(([id, same]) => [
        id,
        same.map(({ record }) => record),
      ]),
    );
    byRule.set(rule, found);
  }
  return found;
}

/** An envelope alone carries no certificate: only keys can approve. */
function isKey(signer: TrustedSigner): signer is TrustedKey {
  return 'pem' in signer;
}
