import { grantsFor } from '@wharfinger/lib/assess/grants';
import { readGrantPayload, type GrantRequest } from '@wharfinger/lib/assess/grant-request';
import { WharfingerError } from '@wharfinger/lib/errors';
import { parseStrictJson } from '@wharfinger/lib/oci/strict-json';
import { parseEnvelope } from '@wharfinger/lib/signing/dsse';
import { recordEver, type PolicyRecord } from '../stores/policy-record-rows.ts';
import { changePolicy, type ChangeParts } from './change-policy.ts';

/**
 * Puts a break-glass grant in force. Its signatures alone decide, not who brings it: everybody who judges verifies them again.
 * One that was put in force once never is again, so that what was ended stays ended.
 *
 * @param envelopes the same grant, signed by each approver: DSSE envelopes as JSON text
 * @throws WharfingerError GRANT_INVALID with what is wrong with it; RECORD_EXISTS
 */
export async function addGrant(
  parts: ChangeParts,
  by: string,
  envelopes: readonly string[],
): Promise<PolicyRecord> {
  const request = readRequest(envelopes[0] ?? '');
  demandApproval(parts, envelopes, request);
  const { id: name, until } = request;
  return changePolicy(parts, by, async (change) => {
    if (await recordEver(change.trx, 'grant', name)) {
      throw new WharfingerError('RECORD_EXISTS', {
        what: `grant ${name}`,
        remedy: 'have a grant of another id signed; one that ended does not begin again',
      });
    }
    return change.add('grant', { name, envelopes: [...envelopes], until });
  });
}

function readRequest(envelope: string): GrantRequest {
  const refuse = (what: string): never => {
    throw new WharfingerError('GRANT_INVALID', { what });
  };
  try {
    return readGrantPayload(parseEnvelope(parseStrictJson(Buffer.from(envelope), refuse)).payload);
  } catch (error) {
    if (error instanceof WharfingerError && error.code === 'SIGNATURE_INVALID') return refuse(error.message);
    throw error;
  }
}

/** Says at once what whoever judges by it would say. For a pattern, one of the repositories that it stands for is asked about. */
function demandApproval(
  { inForce, now }: ChangeParts,
  envelopes: readonly string[],
  { scope, until }: GrantRequest,
): void {
  const at = now();
  if (Date.parse(until) <= at.getTime())
    throw new WharfingerError('GRANT_INVALID', { what: `it ended at ${until}` });
  const example = scope.repositories![0]!.replaceAll('**', 'x').replaceAll('*', 'x');
  const { repository } = inForce.current().rulesFor(example, 'pull', at);
  const { grantRules, revocations } = inForce.trust();
  const { grants, refused } = grantsFor([envelopes], grantRules, revocations, repository, at);
  if (grants.length === 0)
    throw new WharfingerError('GRANT_INVALID', { what: refused[0]?.reason ?? 'it does not count' });
}
