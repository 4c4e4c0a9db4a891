import type { GateQuestion, RefusedEvent, ServedEvent } from '@wharfinger/lib/registry/host';
import type { AuditBuffer } from '../audit/buffer.ts';
import { auditEntry } from '../audit/entry.ts';

/** Records what was served and what was refused, off the path of the request. */
export interface PullLog {
  readonly served: (event: ServedEvent) => void;
  readonly refused: (event: RefusedEvent) => void;
  readonly heldRead: (question: GateQuestion, by: 'publisher' | 'examiner') => void;
}

/**
 * A GET of a manifest is a pull; a HEAD is a question and is not recorded, unless it is refused: some clients ask no
 * further then.
 */
export function createPullLog(buffer: AuditBuffer, now: () => Date): PullLog {
  const entryOf = ({ caller, repository, digest, tag }: GateQuestion) => ({
    actor: caller.principal,
    address: caller.address,
    client: caller.client,
    repository,
    digest,
    tag: tag ?? null,
  });
  return {
    served(event) {
      if (event.method === 'HEAD') return;
      buffer.add(auditEntry({ ...entryOf(event), at: event.at, action: 'pull', outcome: 'done' }));
    },
    refused({ reasons, method, ...event }) {
      const detail = { method, reasons };
      buffer.add(auditEntry({ ...entryOf(event), at: event.at, action: 'pull', outcome: 'held', detail }));
    },
    heldRead(question, by) {
      buffer.add(
        auditEntry({ ...entryOf(question), at: now(), action: 'read-held', outcome: 'done', detail: { by } }),
      );
    },
  };
}
