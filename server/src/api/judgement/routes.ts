import { serialiseJudgement } from '@wharfinger/lib/assess/judgement';
import type { Collection } from '@wharfinger/lib/routines/routine';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Policy } from '../../access/policy.ts';
import type { ApiContext } from '../context.ts';
import { judgementOf } from './judgement.ts';

/** Everything that decides here, for those who judge elsewhere. */
export function addJudgementRoutes(
  context: ApiContext,
  parts: { readonly policy: () => Policy; readonly collection: Collection },
): void {
  context.app.get('/api/v1/judgement', async (request, reply) => {
    if (request.caller.principal === null) throw new WharfingerError('UNAUTHORIZED');
    const judgement = judgementOf(parts.policy(), parts.collection, context.now());
    return reply.type('application/json').send(Buffer.from(serialiseJudgement(judgement)));
  });
}
