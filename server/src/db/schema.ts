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
  ImagePlaceRow,
  ImageOutlineRow,
  ImageRow,
  InstalledPackageRow,
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
import type {
  EvidenceSignerRow,
  PolicyRecordRow,
  PolicyVersionRow,
  RevocationListRow,
  RevocationRow,
} from './schema-policy.ts';
import type {
  BlobRow,
  ManifestRefRow,
  ManifestRow,
  PromotionRow,
  RepositoryBlobRow,
  RepositoryRow,
  SnapshotRow,
  TagMoveRow,
  TagRow,
  TombstoneRow,
} from './schema-registry.ts';
import type {
  AdvisoryGenerationRow,
  ChainPartRow,
  ChainSummaryRow,
  HoldRow,
  ImageChangesRow,
  JudgementRow,
  ProbeRunRow,
  RecordedFindingRow,
  RecordedInventoryRow,
  SignatureReportRow,
  VerdictEventRow,
  VerdictReceiptRow,
  VerdictRow,
} from './schema-verdicts.ts';

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
  image_places: ImagePlaceRow;
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
  recorded_reports: RecordedReportRow;
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

/** What a scanner found, by the digest of its JSON. */
interface RecordedReportRow {
  digest: string;
  /** zstd of it */
  findings: Uint8Array;
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
  /** which scanner made it; null: nobody knows */
  source: string | null;
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
  /** which scanner it is: only what that one reported counts; null: nobody knows */
  source: string | null;
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

interface SettingRow {
  key: string;
  value: Json;
}
