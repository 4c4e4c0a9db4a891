import type { Generated, Kysely } from 'kysely';
import type {
  AdvisoryAffectedRow,
  AdvisoryFeedRow,
  AdvisoryNameRow,
  AdvisoryOriginRow,
  AdvisoryRow,
  ChainRow,
  FilePieceRow,
  FileSegmentRow,
  FindingRow,
  GroupPackageRow,
  ImageChainRow,
  ImageGroupRow,
  ImageRow,
  LayerContentRow,
  LayerFilesRow,
  LayerInventoryRow,
  PackageGroupRow,
  PackageLicenceRow,
  PackageRow,
  PkgNameRow,
  PkgVersionRow,
  ThreatRow,
} from './schema-contents.ts';

/**
 * A database or a transaction of it: what functions of the stores take. Inside a transaction give them the transaction:
 * on SQLite there is one writer, and a write beside the transaction would wait for it for ever.
 */
export type Db = Kysely<Schema>;

/** Milliseconds since 1970, UTC. */
export type Time = number;
/** JSON as text. */
export type Json = string;
/** 0 or 1: SQLite has no booleans. */
export type Flag = number;

/** Every table, the same on SQLite and PostgreSQL. All text is compared by its bytes. */
export interface Schema {
  repositories: RepositoryRow;
  blobs: BlobRow;
  repository_blobs: RepositoryBlobRow;
  manifests: ManifestRow;
  manifest_refs: ManifestRefRow;
  tags: TagRow;
  tag_moves: TagMoveRow;
  snapshots: SnapshotRow;
  promotions: PromotionRow;
  jobs: JobRow;
  audit: AuditRow;
  layer_inventories: LayerInventoryRow;
  layers_to_index: { digest: string };
  layer_files: LayerFilesRow;
  file_segments: FileSegmentRow;
  file_pieces: FilePieceRow;
  images: ImageRow;
  pkg_names: PkgNameRow;
  pkg_versions: PkgVersionRow;
  packages: PackageRow;
  package_licences: PackageLicenceRow;
  package_groups: PackageGroupRow;
  group_packages: GroupPackageRow;
  image_groups: ImageGroupRow;
  chains: ChainRow;
  layer_contents: LayerContentRow;
  image_chains: ImageChainRow;
  advisory_names: AdvisoryNameRow;
  advisories: AdvisoryRow;
  advisory_affected: AdvisoryAffectedRow;
  advisory_feeds: AdvisoryFeedRow;
  advisory_origins: AdvisoryOriginRow;
  threats: ThreatRow;
  findings: FindingRow;
  image_outlines: ImageOutlineRow;
  installed_packages: InstalledPackageRow;
  image_changes: ImageChangesRow;
  signature_reports: SignatureReportRow;
  verdicts: VerdictRow;
  judgements: JudgementRow;
  advisory_generations: AdvisoryGenerationRow;
  recorded_inventories: RecordedInventoryRow;
  recorded_findings: RecordedFindingRow;
  verdict_receipts: VerdictReceiptRow;
  verdict_events: VerdictEventRow;
  chain_parts: ChainPartRow;
  holds: HoldRow;
  settings: SettingRow;
  policy_version: PolicyVersionRow;
  policy_records: PolicyRecordRow;
  revocations: RevocationRow;
  revocation_lists: RevocationListRow;
  evidence_signers: EvidenceSignerRow;
  tombstones: TombstoneRow;
  chain_summaries: ChainSummaryRow;
  probe_runs: ProbeRunRow;
  scans: ScanRow;
  scan_attempts: ScanAttemptRow;
  scanners: ScannerRow;
}

/** What a scanner says of an image, and when it is to be asked next. */
interface ScanRow {
  digest: string;
  scanner: string;
  /** the repository that it was asked for in last */
  repository: string;
  /** null: not before somebody asks */
  due_at: Time | null;
  /** how often it failed since it last reported */
  failures: number;
  /** why it failed last; null where it did not since it last reported */
  problem: string | null;
  /** when it was asked for its last report; null: it never made one */
  asked_at: Time | null;
  /** how new what it knew was then; null: it does not say */
  data_at: Time | null;
  /** zstd of its last report as JSON */
  report: Uint8Array | null;
}

/** A scanner was asked about an image, and what came of it. */
interface ScanAttemptRow {
  id: Generated<number>;
  digest: string;
  scanner: string;
  repository: string;
  asked_at: Time;
  ended_at: Time;
  /** null: it reported */
  problem: string | null;
  about: Json | null;
}

/** A scanner when it was last asked about itself. */
interface ScannerRow {
  name: string;
  checked_at: Time;
  /** null: it answered */
  problem: string | null;
  /** what it said of itself when it last answered */
  about: Json | null;
}

/** A probe that was run on an image, and the manifest that carries what it found. */
interface ProbeRunRow {
  repository_id: number;
  digest: string;
  probe: string;
  statement: string;
  ran_at: Time;
}

interface RepositoryRow {
  id: Generated<number>;
  name: string;
  created_at: Time;
}

/** Bytes that are stored: digest → location. */
interface BlobRow {
  digest: string;
  size: number;
  location: string;
  /** since when no repository has it; null: some repository has, or had it when last looked */
  unlinked_at: Time | null;
}

interface RepositoryBlobRow {
  repository_id: number;
  digest: string;
  pushed_by: string | null;
  pushed_at: Time;
}

interface ManifestRow {
  id: Generated<number>;
  repository_id: number;
  digest: string;
  media_type: string;
  kind: 'manifest' | 'index';
  size: number;
  pushed_by: string | null;
  pushed_at: Time;
  subject: string | null;
  /** the descriptor that a listing of referrers shows; null without subject */
  referrer: Json | null;
  /** digests of parts that were not there when it was pushed; null: none */
  missing: Json | null;
  bytes: Uint8Array;
}

/** What a manifest refers to, other than its subject. */
interface ManifestRefRow {
  digest: string;
  repository_id: number;
  manifest_id: number;
  /** `blob`: config or layer; `manifest`: child of an index */
  role: 'blob' | 'manifest';
}

interface TagRow {
  repository_id: number;
  name: string;
  digest: string;
}

interface TagMoveRow {
  id: Generated<number>;
  repository_id: number;
  tag: string;
  from_digest: string | null;
  to_digest: string | null;
  moved_by: string | null;
  moved_at: Time;
}

/** The last signed snapshot of the tags of a repository. */
interface SnapshotRow {
  repository_id: number;
  version: number;
  /** tag_moves.id of the last move that it knows */
  last_move: number;
  /** version of the revocation list that it names */
  revocations: number;
  issued_at: Time;
  expires: Time;
  envelope: Uint8Array;
}

/** An image on its way into another repository. */
interface PromotionRow {
  id: Generated<number>;
  from_repository: string;
  to_repository: string;
  digest: string;
  /** list of texts */
  tags: Json;
  requested_by: string;
  requested_at: Time;
  expires: Time;
  state: 'waiting' | 'done' | 'refused' | 'cancelled' | 'expired';
  /** what it was judged last as an image of the target */
  verdict: Json | null;
  /** null: it waits, or the registry itself */
  ended_by: string | null;
  ended_at: Time | null;
}

/** Work to be done; a row for each (kind, key), gone when it is done. */
interface JobRow {
  id: Generated<number>;
  kind: string;
  key: string;
  /** whose work it is: the first path component of the repository, or empty */
  namespace: string;
  payload: Json;
  /** higher goes first */
  priority: number;
  /** ready: may run; delayed: at `run_after`; running: until `lease_until`; dead: failed too often */
  state: 'ready' | 'delayed' | 'running' | 'dead';
  run_after: Time;
  attempts: number;
  max_attempts: number;
  /** asked for again while it was running */
  again: Flag;
  lease: string | null;
  lease_until: Time | null;
  error: string | null;
  enqueued_at: Time;
}

/** Append-only: triggers refuse update and delete. */
interface AuditRow {
  id: Generated<number>;
  at: Time;
  actor: string | null;
  address: string | null;
  client: string | null;
  action: string;
  repository: string | null;
  digest: string | null;
  tag: string | null;
  outcome: string;
  /** canonical JSON */
  detail: Json | null;
}

/** Counts changes, so that what was made from an older state is known to be. */
interface ImageChangesRow {
  repository_id: number;
  digest: string;
  /** changes of anything that verdicts rest on */
  facts: number;
  /** changes of the signatures and attestations that there are */
  evidence: number;
  /** `facts` as it was after the last change of anything but what advisories say */
  beyond: Generated<number>;
}

/** The packages of an image with their layers, in the least space: what advisories are compared with again and again. */
interface ImageOutlineRow {
  image_id: number;
  /** ecosystems of the packages, each once: list of texts */
  ecosystems: Json;
  /** version, installed package and layer of each (image-outlines.ts) */
  packages: Uint8Array;
}

/** A package as a finding names it. */
interface InstalledPackageRow {
  id: Generated<number>;
  /** SHA-256 over all the rest */
  key: Uint8Array;
  version_id: number;
  name: string;
  version: string;
  purl: string;
}

interface SignatureReportRow {
  repository_id: number;
  digest: string;
  report: Json;
  /** what it was made from: hash over the trusted keys and the evidence that was there */
  made_from: string;
  /** image_changes.evidence when it was made */
  evidence: number;
  made_at: Time;
}

interface VerdictRow {
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
interface JudgementRow {
  version: number;
  digest: string;
  made_at: Time;
  /** zstd of its RFC 8785 form */
  document: Uint8Array;
}

/** Which advisories there were since when. */
interface AdvisoryGenerationRow {
  id: Generated<number>;
  generation: string;
  since: Time;
}

/** The inventory facts of images, by their own digest. */
interface RecordedInventoryRow {
  digest: string;
  /** zstd of JSON */
  inventory: Uint8Array;
  /** digests of its fields by name; null: not made */
  parts: Json | null;
}

/** Findings as facts tell of them, each once, for all records that name it. */
interface RecordedFindingRow {
  id: Generated<number>;
  /** SHA-256 of its text */
  digest: Uint8Array;
  finding: Json;
}

/** What was known of an image since when; kept when the image is deleted. */
interface VerdictReceiptRow {
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
interface VerdictEventRow {
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
interface ChainPartRow {
  repository_id: number;
  digest: string;
  part_repository: string;
  part_digest: string;
}

/** Held by hand until somebody releases it: both acts are kept, also when the manifest is deleted. */
interface HoldRow {
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

interface SettingRow {
  key: string;
  value: Json;
}

/** One row. */
interface PolicyVersionRow {
  one: number;
  /** grows with every change of what decides */
  version: number;
}

/** Something that somebody put in force: never changed, only ended. */
interface PolicyRecordRow {
  id: Generated<number>;
  kind: string;
  /** one of a kind is in force at a time */
  name: string;
  document: Json;
  made_by: string;
  made_at: Time;
  /** of the policy, with which it began */
  version: number;
  ended_by: string | null;
  ended_at: Time | null;
  end_reason: string | null;
}

/** Somebody took the trust from a key: never taken back. */
interface RevocationRow {
  id: Generated<number>;
  key_id: string;
  /** what the key was called */
  signer: string | null;
  compromised_since: Time | null;
  reason: string;
  revoked_by: string;
  revoked_at: Time;
}

/** Every list of revoked keys that was issued, as it was signed. */
interface RevocationListRow {
  version: number;
  issued_at: Time;
  expires: Time;
  envelope: Json;
}

/** Whose key made evidence that counts for an image. */
interface EvidenceSignerRow {
  key_id: string;
  repository_id: number;
  digest: string;
}

/** Evidence that was deleted. */
interface TombstoneRow {
  id: Generated<number>;
  repository: string;
  digest: string;
  /** what it was about */
  subject: string;
  /** as a listing of referrers showed it; null: it was found by its tag */
  descriptor: Json | null;
  /** the tag, where only that was deleted */
  tag: string | null;
  deleted_by: string | null;
  deleted_at: Time;
}

/** The registry's own word on a chain of custody that is complete. */
interface ChainSummaryRow {
  repository_id: number;
  digest: string;
  /** digest over the layout, the links and all that they rest on */
  state: string;
  /** digest of the manifest that carries it */
  summary: string;
  made_at: Time;
}
