import {
  usualPurposes,
  type Revocation,
  type Signer,
  type SignerPurpose,
  type TrustedSigner,
} from './evidence.ts';
import { refuse, refusalReason, refuseRevoked } from './refusal.ts';
import type { FoundSigner, VerifyContext } from './verify-context.ts';

type Policy = Pick<VerifyContext, 'trust' | 'now' | 'changesAt'>;

/**
 * Decides whether the policy still, or already, takes signatures of somebody. What decides is the time at which it was signed
 * where a trusted log or timestamp tells it, else now. A signer whom several records name is for what all that
 * admit him say, and goes by the first of them.
 *
 * @throws WharfingerError SIGNATURE_INVALID with the reason: revoked, not yet or no longer valid, another kind of key
 */
export function admitSigner(found: FoundSigner, policy: Policy): Signer {
  const { signedAt, identity, warnings } = found;
  requireUnrevoked(found, policy.trust.revocations);
  const refusals: unknown[] = [];
  const admitted = found.records.filter((record) => {
    try {
      requireValid(record, found, policy);
      return true;
    } catch (error) {
      if (refusalReason(error) === undefined) throw error;
      refusals.push(error);
      return false;
    }
  });
  const [record] = admitted;
  if (record === undefined) throw refusals[0];
  return {
    key: record.name,
    keyId: found.keyId,
    principal: record.principal ?? record.name,
    ...(record.team === undefined ? {} : { team: record.team }),
    purposes: purposesOf(admitted),
    ...(signedAt === undefined ? {} : { signedAt: signedAt.toISOString() }),
    ...(identity === undefined ? {} : { identity }),
    ...(warnings === undefined ? {} : { warnings }),
  };
}

function purposesOf(records: readonly TrustedSigner[]): readonly SignerPurpose[] {
  return [...new Set(records.flatMap(({ purposes }) => purposes ?? usualPurposes))];
}

function requireUnrevoked(found: FoundSigner, revocations: readonly Revocation[]): void {
  const name = found.records[0]?.name ?? found.keyId;
  const ids = [found.keyId, ...(found.vouchedBy ?? [])];
  for (const { keyId, compromisedSince, revokedAt, reason } of revocations) {
    if (!ids.includes(keyId.toLowerCase())) continue;
    const what = keyId === found.keyId ? `the key of ${name}` : `a certificate that vouches for ${name}`;
    if (compromisedSince === undefined) refuseRevoked(`${what} was revoked at ${revokedAt}: ${reason}`);
    // A time that cannot be read saves nothing.
    if (found.signedAt !== undefined && found.signedAt.getTime() < Date.parse(compromisedSince)) continue;
    const signed =
      found.signedAt === undefined
        ? 'no trusted time tells that this was signed before'
        : `this was signed at ${found.signedAt.toISOString()}`;
    refuseRevoked(`${what} is compromised since ${compromisedSince} (${reason}), and ${signed}`);
  }
}

function requireValid(record: TrustedSigner, found: FoundSigner, { now, changesAt }: Policy): void {
  const { name, validFrom, validTo } = record;
  if ('pem' in record && record.algorithm !== undefined && record.algorithm !== found.algorithm) {
    refuse(`${name} is trusted with a key of kind ${record.algorithm}, not ${found.algorithm ?? 'another'}`);
  }
  const at = found.signedAt ?? now;
  const when =
    found.signedAt === undefined ? 'now, for no trusted time tells when it signed' : at.toISOString();
  for (const bound of [validFrom, validTo]) {
    if (bound === undefined) continue;
    if (Number.isNaN(Date.parse(bound))) refuse(`${name} is trusted until a time that cannot be read`);
    if (found.signedAt === undefined) changesAt(new Date(bound));
  }
  if (validFrom !== undefined && at.getTime() < Date.parse(validFrom))
    refuse(`${name} is trusted from ${validFrom} on, which is after ${when}`);
  if (validTo !== undefined && at.getTime() >= Date.parse(validTo))
    refuse(`${name} was trusted until ${validTo}, which is before ${when}`);
}
