/** One line of the audit log: who did what to what, from where, and what came of it. */
export interface AuditEntry {
  readonly at: Date;
  /** principal; null for anonymous */
  readonly actor: string | null;
  /** as the server saw it; null for what the server does by itself */
  readonly address: string | null;
  readonly client: string | null;
  /** `push`, `pull`, `delete`, `hold`, `release` …: a word of the feature that records it */
  readonly action: string;
  readonly repository: string | null;
  readonly digest: string | null;
  readonly tag: string | null;
  /** `done`, `denied`, `held`, `failed` */
  readonly outcome: string;
  /** anything else that belongs to it, JSON */
  readonly detail?: unknown;
}

/** What must be said of an act; the rest is null where nothing is known of it. */
export type AuditAct = Pick<AuditEntry, 'at' | 'action' | 'outcome'> & Partial<AuditEntry>;

/** The entry of an act. */
export function auditEntry(act: AuditAct): AuditEntry {
  return { actor: null, address: null, client: null, repository: null, digest: null, tag: null, ...act };
}

/** An entry of the log as it was read. */
export interface RecordedEntry extends AuditEntry {
  readonly id: number;
}

const format = 1;

/**
 * The bytes that stand for an entry wherever it is hashed or signed: a JSON array in this order, the time in milliseconds
 * since 1970, `detail` with its keys sorted. Equal entries give equal bytes, and what was stored gives the bytes of what was
 * recorded. The position in the log is not part of them.
 */
export function canonicalBytes(entry: AuditEntry): Uint8Array {
  const { at, actor, address, client, action, repository, digest, tag, outcome, detail } = entry;
  const fields = [format, at.getTime(), actor, address, client, action, repository, digest, tag, outcome];
  return Buffer.from(JSON.stringify([...fields, canonical(detail)]));
}

/** `detail` as it is stored; null where there is none. */
export function canonicalDetail(detail: unknown): string | null {
  return detail === undefined ? null : JSON.stringify(canonical(detail));
}

/** The value that JSON makes of this one, keys of objects in the order of their UTF-16 code units. */
function canonical(value: unknown): unknown {
  if (value === undefined) return null;
  return JSON.parse(JSON.stringify(value), (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : 1)))
      : inner,
  );
}
