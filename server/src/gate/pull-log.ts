import type { GateQuestion, RefusedEvent, ServedEvent } from '@wharfinger/lib/registry/host';
import type { AuditBuffer } from '../audit/buffer.ts';
import { auditEntry } from '../audit/entry.ts';

/** Records what was served and what was refused, off the path of the request. */
export interface PullLog {
  readonly served: (event: ServedEvent) => void;
  readonly refused: (event: RefusedEvent) => void;
  readonly heldRead: (question: GateQuestion, by: 'publisher' | 'examiner') => void;
  /** Hands everything to the buffer, and ends. */
  readonly stop: () => void;
}

/** The same pull, by the same caller from the same place, this often until then. */
interface Repeated {
  readonly first: ServedEvent;
  last: Date;
  count: number;
}

/** Pulls that differ in nothing but the time are one entry with their number, if they come within this time. */
const togetherMs = 100;

/** Different pulls kept together at most. */
const mostTogether = 10_000;

/**
 * A GET of a manifest is a pull; a HEAD is a question and is not recorded, unless it is refused: some clients ask no
 * further then.
 */
export function createPullLog(buffer: AuditBuffer, now: () => Date): PullLog {
  const pulls = new Map<string, Repeated>();
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    for (const { first, last, count } of pulls.values()) {
      const detail = count > 1 ? { detail: { count, until: last.toISOString() } } : {};
      buffer.add(auditEntry({ ...entryOf(first), at: first.at, action: 'pull', outcome: 'done', ...detail }));
    }
    pulls.clear();
  }

  return {
    served(event) {
      if (event.method === 'HEAD') return;
      const { caller, digest, repository, tag } = event;
      const key = `${caller.principal} ${caller.address} ${repository} ${digest} ${tag} ${caller.client}`;
      const known = pulls.get(key);
      if (known) {
        known.last = event.at;
        known.count += 1;
        return;
      }
      pulls.set(key, { first: event, last: event.at, count: 1 });
      if (pulls.size >= mostTogether) flush();
      else timer ??= setTimeout(flush, togetherMs);
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
    stop: flush,
  };
}

function entryOf({ caller, repository, digest, tag }: GateQuestion) {
  return {
    actor: caller.principal,
    address: caller.address,
    client: caller.client,
    repository,
    digest,
    tag: tag ?? null,
  };
}
