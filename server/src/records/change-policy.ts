import { WharfingerError } from '@wharfinger/lib/errors';
import { digestOf } from '@wharfinger/lib/oci/digest';
import { recordAudit } from '../audit/record.ts';
import type { Db } from '../db/schema.ts';
import { transact } from '../db/transaction.ts';
import { currentOrigin } from '../identity/origin.ts';
import {
  addRecord,
  endRecord,
  recordInForce,
  type PolicyRecord,
  type RecordAct,
  type RecordKind,
} from '../stores/policy-record-rows.ts';
import { raisePolicyVersion } from '../stores/policy-version.ts';
import { nameOfDocument, type Documents } from './documents.ts';
import { readStoredPolicy, type PolicyInForce } from './policy-in-force.ts';

/** What changes of the policy work with. */
export interface ChangeParts {
  readonly db: Db;
  readonly inForce: PolicyInForce;
  readonly now: () => Date;
}

/** One change: what it does goes through these, so that all of it is recorded under one version. */
export interface PolicyChange extends RecordAct {
  readonly trx: Db;
  /** @throws WharfingerError RECORD_EXISTS */
  add<K extends RecordKind>(kind: K, document: Documents[K]): Promise<PolicyRecord>;
  /** @throws WharfingerError NOT_FOUND */
  end(kind: RecordKind, name: string, reason: string): Promise<PolicyRecord>;
}

/**
 * Changes the policy in one transaction: the next version, the records, the audit entries. What would not fit together
 * afterwards is refused as a whole. When it resolves, this process decides by it.
 *
 * @throws WharfingerError INPUT_INVALID naming everything that would not fit; what `work` throws
 */
export async function changePolicy<T>(
  { db, inForce, now }: ChangeParts,
  by: string,
  work: (change: PolicyChange) => Promise<T>,
): Promise<T> {
  const done = await transact(db, async (trx) => {
    const act = { by, at: now(), version: await raisePolicyVersion(trx) };
    const result = await work({
      ...act,
      trx,
      async add(kind, document) {
        const name = nameOfDocument(kind, document);
        if (await recordInForce(trx, kind, name))
          throw new WharfingerError('RECORD_EXISTS', { what: `${kind} ${name}` });
        const record = await addRecord(trx, { kind, name, document }, act);
        await audit(trx, act, `${kind}-add`, { name, document: shortened(document) });
        return record;
      },
      async end(kind, name, reason) {
        const record = await endRecord(trx, kind, name, { ...act, reason });
        if (!record) {
          throw new WharfingerError('NOT_FOUND', {
            what: `no ${kind} ${name} is in force`,
            remedy: 'list those that are; what the configuration says is changed there',
          });
        }
        await audit(trx, act, `${kind}-end`, { name, reason });
        return record;
      },
    });
    const mistakes = await inForce.mistakesIn(await readStoredPolicy(trx));
    if (mistakes.length > 0) throw new WharfingerError('INPUT_INVALID', { what: mistakes.join('; ') });
    return result;
  });
  await inForce.fresh();
  return done;
}

/** Records what was done to the policy, in the transaction that does it. */
export async function audit(
  trx: Db,
  { by, at, version }: RecordAct,
  action: string,
  detail: object,
): Promise<void> {
  await recordAudit(trx, {
    ...currentOrigin(),
    at,
    actor: by,
    action,
    outcome: 'done',
    detail: { ...detail, version },
  });
}

const longestShown = 4000;

/** A document as the audit log has it. A long one, such as a collection, stands in the record, and here by its digest. */
function shortened(document: object): object {
  const text = JSON.stringify(document);
  return text.length <= longestShown ? document : { digest: digestOf(text), characters: text.length };
}
