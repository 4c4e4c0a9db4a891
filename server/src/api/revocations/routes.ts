import { z } from 'zod';
import { WharfingerError } from '@wharfinger/lib/errors';
import { nameField, keylessFields, notationFields, timeField } from '../../config/signer-schema.ts';
import type { RevokeOrder, Revoked } from '../../records/revoke.ts';
import type { Rotation } from '../../records/rotate-key.ts';
import type { PolicyRecord } from '../../stores/policy-record-rows.ts';
import { demandAdmin, parseInput, type ApiContext } from '../context.ts';
import { answerOf, demandSignedIn } from '../records/routes.ts';

const revokeBody = z.strictObject({
  /** name of a signer, or key id */
  key: z.string().min(1).max(200),
  compromisedSince: timeField.optional(),
  reason: z.string().trim().min(3, 'say why, in at least 3 characters').max(1000),
});

const rotateBody = z.strictObject({
  name: nameField,
  next: z.strictObject({
    name: nameField,
    pem: z.string().max(65_536).optional(),
    keyless: keylessFields.optional(),
    notation: notationFields.optional(),
  }),
  /** until when both keys count; absent: the old one counts no more at once */
  overlapUntil: timeField.optional(),
});

/** The life of keys after they were put in force. */
export interface KeyActs {
  readonly revoke: (by: string, order: RevokeOrder) => Promise<Revoked>;
  readonly rotate: (
    by: string,
    rotation: Rotation,
  ) => Promise<{ readonly ended: PolicyRecord; readonly next: PolicyRecord }>;
  /** the signed list of revoked keys that was issued last; undefined: none was yet */
  readonly list: () => Promise<string | undefined>;
}

/** Rotating and revoking keys, and the list of those revoked. */
export function addKeyRoutes(context: ApiContext, keys: KeyActs): void {
  const { app } = context;

  app.post('/api/v1/keys/revoke', async (request) => {
    demandAdmin(context, request);
    const { compromisedSince, ...order } = parseInput(revokeBody, request.body);
    const since = compromisedSince === undefined ? {} : { compromisedSince: new Date(compromisedSince) };
    return keys.revoke(request.caller.principal ?? '', { ...order, ...since });
  });

  app.post('/api/v1/keys/rotate', async (request) => {
    demandAdmin(context, request);
    const { overlapUntil, ...rotation } = parseInput(rotateBody, request.body);
    const until = overlapUntil === undefined ? {} : { overlapUntil: new Date(overlapUntil) };
    const { ended, next } = await keys.rotate(request.caller.principal ?? '', { ...rotation, ...until });
    return { ended: answerOf(ended), next: answerOf(next) };
  });

  app.get('/api/v1/revocations', async (request, reply) => {
    demandSignedIn(request);
    const envelope = await keys.list();
    if (envelope === undefined)
      throw new WharfingerError('UNAVAILABLE', { what: 'no list was issued yet', remedy: 'ask again' });
    return reply.type('application/json').send(Buffer.from(envelope));
  });
}
