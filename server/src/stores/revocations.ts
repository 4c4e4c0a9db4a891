import type { RevocationList } from '@wharfinger/lib/assess/judgement-document';
import type { Revocation } from '@wharfinger/lib/signing/evidence';
import type { Db } from '../db/schema.ts';

/** Somebody takes the trust from a key. */
export interface NewRevocation {
  /** SHA-256 of the SubjectPublicKeyInfo, hex */
  readonly keyId: string;
  /** what the key is called; undefined: nothing here calls it anything */
  readonly signer?: string | undefined;
  /** undefined: nothing that it ever signed counts */
  readonly compromisedSince?: Date | undefined;
  readonly reason: string;
  readonly by: string;
  readonly at: Date;
}

/** A list of revocations as it was issued. */
export interface IssuedList {
  readonly version: number;
  readonly issuedAt: Date;
  readonly expires: Date;
  /** the DSSE envelope, as text */
  readonly envelope: string;
}

/** Keeps a revocation, for ever. */
export async function addRevocation(trx: Db, revocation: NewRevocation): Promise<void> {
  const { keyId, signer, compromisedSince, reason, by, at } = revocation;
  await trx
    .insertInto('revocations')
    .values({
      key_id: keyId,
      signer: signer ?? null,
      compromised_since: compromisedSince?.getTime() ?? null,
      reason,
      revoked_by: by,
      revoked_at: at.getTime(),
    })
    .execute();
}

/**
 * What is revoked, an entry for each key. Who revoked a key twice made it stricter, never milder: it counts from the earliest
 * time that was given, and from the beginning where none was.
 */
export async function revokedKeys(db: Db): Promise<Revocation[]> {
  const rows = await db.selectFrom('revocations').selectAll().orderBy('id').execute();
  const strictest = new Map<string, (typeof rows)[number]>();
  for (const row of rows) {
    const before = strictest.get(row.key_id);
    const since = row.compromised_since ?? -Infinity;
    if (!before || since < (before.compromised_since ?? -Infinity)) strictest.set(row.key_id, row);
  }
  return [...strictest.values()].map((row) => ({
    keyId: row.key_id,
    ...(row.compromised_since !== null && {
      compromisedSince: new Date(row.compromised_since).toISOString(),
    }),
    revokedAt: new Date(row.revoked_at).toISOString(),
    reason: row.reason,
  }));
}

/** Keeps a list that was issued. */
export async function addRevocationList(trx: Db, list: IssuedList): Promise<void> {
  await trx
    .insertInto('revocation_lists')
    .values({
      version: list.version,
      issued_at: list.issuedAt.getTime(),
      expires: list.expires.getTime(),
      envelope: list.envelope,
    })
    .execute();
}

/** The list that was issued last; undefined: none ever was. */
export async function latestRevocationList(db: Db): Promise<IssuedList | undefined> {
  const row = await db
    .selectFrom('revocation_lists')
    .selectAll()
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  return (
    row && {
      version: row.version,
      issuedAt: new Date(row.issued_at),
      expires: new Date(row.expires),
      envelope: row.envelope,
    }
  );
}

/** What the list says that is in force, and until when; before the first was issued, one that has expired. */
export async function revocationsInForce(db: Db): Promise<RevocationList> {
  const latest = await latestRevocationList(db);
  return {
    version: latest?.version ?? 0,
    issuedAt: (latest?.issuedAt ?? new Date(0)).toISOString(),
    expires: (latest?.expires ?? new Date(0)).toISOString(),
    entries: await revokedKeys(db),
  };
}
