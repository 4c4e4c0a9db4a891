import type { Generated } from 'kysely';
import type { Flag, Json, Time } from './schema.ts';

/** A probe that was run on an image, and the manifest that carries what it found. */
export interface ProbeRunRow {
  repository_id: number;
  digest: string;
  probe: string;
  statement: string;
  ran_at: Time;
}

/** Counts changes, so that what was made from an older state is known to be. */
export interface ImageChangesRow {
  repository_id: number;
  digest: string;
  /** changes of anything that verdicts rest on */
  facts: number;
  /** changes of the signatures and attestations that there are */
  evidence: number;
  /** `facts` as it was after the last change of anything but what advisories say */
  beyond: Generated<number>;
}

export interface SignatureReportRow {
  repository_id: number;
  digest: string;
  report: Json;
  /** what it was made from: hash over the trusted keys and the evidence that was there */
  made_from: string;
  /** image_changes.evidence when it was made */
  evidence: number;
  made_at: Time;
}

export interface VerdictRow {
  repository_id: number;
  digest: string;
  purpose: string;
  outcome: string;
  decided: Flag;
  verdict: Json;
  valid_until: Time | null;
  /** generations that it was made from */
  made_from: Json;
  /** image_changes.facts when it was made */
  facts: number;
  made_at: Time;
  /** how many verdicts for this purpose were kept in this place, this one included */
  edition: Generated<number>;
  /** what its routines said, by digests of what they read (kept-results.ts); null: not kept */
  results: Json | null;
}

/** What decides, in each of its editions. */
export interface JudgementRow {
  version: number;
  digest: string;
  made_at: Time;
  /** zstd of its RFC 8785 form */
  document: Uint8Array;
}

/** Which advisories there were since when. */
export interface AdvisoryGenerationRow {
  id: Generated<number>;
  generation: string;
  since: Time;
}

/** The inventory facts of images, by their own digest. */
export interface RecordedInventoryRow {
  digest: string;
  /** zstd of JSON */
  inventory: Uint8Array;
  /** digests of its fields by name; null: not made */
  parts: Json | null;
}

/** Findings as facts tell of them, each once, for all records that name it. */
export interface RecordedFindingRow {
  id: Generated<number>;
  /** SHA-256 of its text */
  digest: Uint8Array;
  finding: Json;
}

/** What was known of an image since when; kept when the image is deleted. */
export interface VerdictReceiptRow {
  id: Generated<number>;
  repository: string;
  digest: string;
  since: Time;
  facts_hash: string;
  /** zstd of JSON: the facts without the inventory, with the keys of their recorded_findings rows */
  facts: Uint8Array;
  /** digest of its recorded_inventories row; null: it was not inspected then */
  inventory: string | null;
  /** when the evidence could change by time alone */
  valid_until: Time | null;
}

/** That a verdict says something else than the one before; kept when the image is deleted. */
export interface VerdictEventRow {
  id: Generated<number>;
  at: Time;
  repository: string;
  digest: string;
  purpose: string;
  /** null: there was none before */
  outcome_before: string | null;
  outcome: string;
  decided: Flag;
  cause: Json;
}

/** What the chain of custody of an image rests on, in its own repository or another. */
export interface ChainPartRow {
  repository_id: number;
  digest: string;
  part_repository: string;
  part_digest: string;
}

/** Held by hand until somebody releases it: both acts are kept, also when the manifest is deleted. */
export interface HoldRow {
  id: Generated<number>;
  repository: string;
  digest: string;
  held_by: string;
  held_at: Time;
  reason: string;
  released_by: string | null;
  released_at: Time | null;
  release_reason: string | null;
}

/** The registry's own word on a chain of custody that is complete. */
export interface ChainSummaryRow {
  repository_id: number;
  digest: string;
  /** digest over the layout, the links and all that they rest on */
  state: string;
  /** digest of the manifest that carries it */
  summary: string;
  made_at: Time;
}
