import { WharfingerError } from '@wharfinger/lib/errors';
import type { TrustedSigner } from '@wharfinger/lib/signing/evidence';
import { parsePublicKey } from '@wharfinger/lib/signing/keys';
import type { SigningKey } from '@wharfinger/lib/signing/private-keys';
import { signRevocationList } from '@wharfinger/lib/signing/revocation-list';
import type { Db } from '../db/schema.ts';
import type { VerdictMemory } from '../gate/verdict-memory.ts';
import { transact } from '../db/transaction.ts';
import { invalidate } from '../pipeline/follow.ts';
import { placesSignedBy, placesSignedByOthers } from '../stores/evidence-signers.ts';
import { raisePolicyVersion } from '../stores/policy-version.ts';
import type { Placed } from '../stores/repositories.ts';
import {
  addRevocation,
  addRevocationList,
  latestRevocationList,
  revokedKeys,
  type IssuedList,
} from '../stores/revocations.ts';
import { audit, changePolicy, type ChangeParts } from './change-policy.ts';

/** What revoking works with. */
export interface RevokeParts extends ChangeParts {
  readonly memory: VerdictMemory;
  readonly key: SigningKey;
}

/** A key that is to count no more. */
export interface RevokeOrder {
  /** name of a signer here, or a key id (SHA-256 of the SubjectPublicKeyInfo, hex) */
  readonly key: string;
  /** what is known, by a trusted time, to be signed before still counts; absent: nothing does */
  readonly compromisedSince?: Date;
  readonly reason: string;
}

/** What became of it. */
export interface Revoked {
  readonly keyId: string;
  /** what the key is called here; absent: nothing calls it anything */
  readonly signer?: string;
  /** version of the list that says so */
  readonly list: number;
  /** images whose evidence the key made: none of them is served by the verdict that it had */
  readonly images: number;
}

/** A list counts for this long; while nothing is revoked it is issued anew every day. */
const lifetimeMs = 7 * 24 * 3_600_000;
const renewAfterMs = 24 * 3_600_000;

/**
 * Takes the trust from a key, for ever. In one transaction: the revocation, the list that says so, and the end of the verdicts
 * of exactly those images for which the key made evidence. What is pulled next is judged anew.
 *
 * @throws WharfingerError NOT_FOUND where no signer is called so; INPUT_INVALID where the signer has no key of its own, or the
 *   time is still to come
 */
export async function revokeKey(parts: RevokeParts, by: string, order: RevokeOrder): Promise<Revoked> {
  const { inForce, memory, now } = parts;
  const { compromisedSince, reason } = order;
  if (compromisedSince !== undefined && compromisedSince > now())
    throw new WharfingerError('INPUT_INVALID', { what: 'compromisedSince is still to come' });
  const known = namedKeys(inForce.trust().signers);
  const { keyId, signer } = findKey(order.key, known);
  return changePolicy(parts, by, async ({ trx, at, version }) => {
    await addRevocation(trx, { keyId, signer, compromisedSince, reason, by, at });
    const { version: list } = await issueList(trx, parts, at);
    const places = await placesRestingOn(trx, keyId, known);
    await invalidate(trx, memory, 'verify', places, at);
    const since = compromisedSince?.toISOString() ?? null;
    const detail = { keyId, signer: signer ?? null, compromisedSince: since, reason, list };
    await audit(trx, { by, at, version }, 'key-revoke', { ...detail, images: places.length });
    return { keyId, ...(signer !== undefined && { signer }), list, images: places.length };
  });
}

/** Issues the list anew where it is a day old, or there is none: so that it never expires while the server runs. */
export async function renewRevocations(parts: Pick<RevokeParts, 'db' | 'now' | 'key'>): Promise<boolean> {
  const { db, now } = parts;
  const isYoung = (latest: IssuedList | undefined): boolean =>
    latest !== undefined && now().getTime() - latest.issuedAt.getTime() < renewAfterMs;
  if (isYoung(await latestRevocationList(db))) return false;
  return transact(db, async (trx) => {
    await raisePolicyVersion(trx);
    // Another process may have issued one while this one waited.
    if (isYoung(await latestRevocationList(trx))) return false;
    await issueList(trx, parts, now());
    return true;
  });
}

/** Signs and keeps the next list, in a transaction that has raised the version of the policy. */
async function issueList(trx: Db, { key }: Pick<RevokeParts, 'key'>, at: Date): Promise<IssuedList> {
  const latest = await latestRevocationList(trx);
  const version = (latest?.version ?? 0) + 1;
  const expires = new Date(at.getTime() + lifetimeMs);
  const list = {
    version,
    issuedAt: at.toISOString(),
    expires: expires.toISOString(),
    entries: await revokedKeys(trx),
  };
  const issued = { version, issuedAt: at, expires, envelope: signRevocationList(list, key) };
  await addRevocationList(trx, issued);
  return issued;
}

const keyIdShape = /^[0-9a-f]{64}$/;

/** A signer, and the key that is trusted by itself; absent: a certificate vouches for him. */
interface NamedKey {
  readonly name: string;
  readonly id: string | undefined;
}

function namedKeys(signers: readonly TrustedSigner[]): NamedKey[] {
  return signers.map((signer) => ({
    name: signer.name,
    id: 'pem' in signer ? parsePublicKey(signer).id : undefined,
  }));
}

/**
 * A key that made nothing itself, and that nobody is known by, may be that of an authority. For whom it vouched is found out
 * by looking at all again that certificates vouch for.
 */
async function placesRestingOn(trx: Db, keyId: string, known: readonly NamedKey[]): Promise<Placed[]> {
  const places = await placesSignedBy(trx, keyId);
  const ids = known.flatMap(({ id }) => id ?? []);
  return places.length > 0 || ids.includes(keyId) ? places : placesSignedByOthers(trx, [...new Set(ids)]);
}

function findKey(
  wanted: string,
  known: readonly NamedKey[],
): { readonly keyId: string; readonly signer?: string } {
  if (keyIdShape.test(wanted)) {
    const signer = known.find(({ id }) => id === wanted)?.name;
    return { keyId: wanted, ...(signer !== undefined && { signer }) };
  }
  const called = known.filter(({ name }) => name === wanted);
  const [found] = called;
  if (called.some(({ id }) => id !== found?.id)) {
    throw new WharfingerError('INPUT_INVALID', {
      what: `more than one key is called ${wanted}`,
      remedy: 'give the key id: 64 hex digits in lower case',
    });
  }
  if (!found) {
    throw new WharfingerError('NOT_FOUND', {
      what: `no signer is called ${wanted}`,
      remedy: 'give the name of a signer, or the key id: 64 hex digits in lower case',
    });
  }
  if (found.id === undefined) {
    throw new WharfingerError('INPUT_INVALID', {
      what: `${wanted} has no key of its own: a certificate vouches for it`,
      remedy: 'end its record, or give the key id of the certificate that is to count no more',
    });
  }
  return { keyId: found.id, signer: wanted };
}
