import type { GateQuestion, ServedEvent } from '@wharfinger/lib/registry/host';
import type { AuditBuffer } from '../audit/buffer.ts';
import { auditEntry } from '../audit/entry.ts';

/** Records what was served, off the path of the request. */
export interface PullLog {
  readonly served: (event: ServedEvent) => void;
  readonly heldRead: (question: GateQuestion, by: 'publisher' | 'examiner') => void;
}

/** A GET of a manifest is a pull; a HEAD is a question and is not recorded. */
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
    heldRead(question, by) {
      buffer.add(
        auditEntry({ ...entryOf(question), at: now(), action: 'read-held', outcome: 'done', detail: { by } }),
      );
    },
  };
}
