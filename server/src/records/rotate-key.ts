import { WharfingerError } from '@wharfinger/lib/errors';
import { recordInForce, type PolicyRecord } from '../stores/policy-record-rows.ts';
import { changePolicy, type ChangeParts } from './change-policy.ts';
import { readDocument, type Documents } from './documents.ts';

/** How a key is replaced. */
export interface Rotation {
  /** the key that goes */
  readonly name: string;
  /** what the new key is called, and what it is; the rest is as with the old one */
  readonly next: Pick<Documents['key'], 'name'> &
    Partial<Pick<Documents['key'], 'pem' | 'keyless' | 'notation'>>;
  /** until when both count; absent: the old one counts no more from now on */
  readonly overlapUntil?: Date;
}

/**
 * Puts a new key beside an old one, and lets the old one end after a time in which both count: what it signed before can be
 * signed again meanwhile. A signature whose time a trusted log or timestamp tells keeps counting.
 *
 * @throws WharfingerError NOT_FOUND, RECORD_EXISTS, INPUT_INVALID
 */
export async function rotateKey(
  parts: ChangeParts,
  by: string,
  { name, next, overlapUntil }: Rotation,
): Promise<{ readonly ended: PolicyRecord; readonly next: PolicyRecord }> {
  return changePolicy(parts, by, async (change) => {
    const before = await recordInForce(change.trx, 'key', name);
    if (!before) throw new WharfingerError('NOT_FOUND', { what: `no key ${name} is in force` });
    if (overlapUntil && overlapUntil < change.at)
      throw new WharfingerError('INPUT_INVALID', { what: 'the time in which both count is over already' });
    const old = before.document as Documents['key'];
    const { pem: _, keyless: __, notation: ___, algorithm: ____, rotatedTo: _____, validTo, ...same } = old;
    const until = earlier(validTo, overlapUntil ?? change.at);
    await change.end('key', name, `rotated to ${next.name}`);
    const ended = await change.add(
      'key',
      readDocument('key', { ...old, validTo: until, rotatedTo: next.name }),
    );
    const document = { ...same, validFrom: change.at.toISOString(), ...next };
    return { ended, next: await change.add('key', readDocument('key', document)) };
  });
}

function earlier(given: string | undefined, time: Date): string {
  return given !== undefined && Date.parse(given) < time.getTime() ? given : time.toISOString();
}
