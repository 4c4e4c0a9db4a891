import type { Digest } from '@wharfinger/lib/oci/digest';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { HoldActs } from '../api/holds/routes.ts';
import { recordAudit } from '../audit/record.ts';
import { currentOrigin } from '../identity/origin.ts';
import { transact } from '../db/transaction.ts';
import { holdImage, releaseImage } from '../stores/holds.ts';
import { invalidate } from './follow.ts';
import type { PipelineParts } from './parts.ts';

/** Holding by hand and releasing: each one transaction with its audit entry and the end of the verdict before. */
export function createHoldActs(parts: PipelineParts): HoldActs {
  return {
    hold: (repository, digest, { by, reason }) =>
      transact(parts.db, async (trx) => {
        const at = parts.now();
        await holdImage(trx, { repository, digest }, { by, at, reason });
        await recordAudit(trx, {
          ...currentOrigin(),
          at,
          actor: by,
          action: 'hold',
          repository,
          digest,
          outcome: 'done',
          detail: { reason },
        });
        await invalidate(trx, parts.memory, 'judge', [{ repository, digest }], at);
      }),
    release: (repository, digest, { by, reason }) =>
      transact(parts.db, async (trx) => {
        const at = parts.now();
        const released = await releaseImage(trx, { repository, digest }, { by, at, reason });
        if (released.length === 0) throw notHeld(repository, digest);
        await recordAudit(trx, {
          ...currentOrigin(),
          at,
          actor: by,
          action: 'release',
          repository,
          digest,
          outcome: 'done',
          detail: { reason },
        });
        await invalidate(trx, parts.memory, 'judge', [{ repository, digest }], at);
      }),
  };
}

function notHeld(repository: string, digest: Digest): WharfingerError {
  return new WharfingerError('NOT_FOUND', {
    what: `nobody holds ${repository}@${digest} by hand`,
    remedy: 'where routines hold it, mend what they name; wharf verdict explains it',
  });
}
