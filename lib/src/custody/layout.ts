/**
 * Which teams may make which part of an image, in which order: the trust policy of a chain of custody. Signers are named as
 * in the trust set of the repository, by name.
 */
export interface CustodyLayout {
  readonly name: string;
  /** logical identity of the registry that statements are scoped to; its replicas share it */
  readonly registry: string;
  /** from the base to the final image */
  readonly stages: readonly CustodyStage[];
  /** how many images are walked at most, the final one included; absent, or more: 32 */
  readonly maxDepth?: number;
}

export interface CustodyStage {
  readonly name: string;
  /** patterns of the repositories that images of this stage lie in */
  readonly repositories: readonly string[];
  /** the teams that may do it, and whose signature counts for links, assemblies and intakes */
  readonly teams: ReadonlyArray<{ readonly team: string; readonly signers: readonly string[] }>;
  readonly approvals: {
    /** how many different principals, with different keys, must approve */
    readonly needed: number;
    /** name of the role → principals that may have it; each approval counts for the role that it names */
    readonly roles: Readonly<Record<string, readonly string[]>>;
    /** signers whose approvals count, by name */
    readonly signers: readonly string[];
    /** of those, how many must approve in a role; nobody counts for two roles. Absent: any mix of roles will do */
    readonly neededByRole?: Readonly<Record<string, number>>;
    /** true: neither who made the link nor anybody of the team may approve it */
    readonly notByTheTeam?: boolean;
  };
  /** fields of the runtime configuration (`Env`, `Entrypoint`, `User` …) that the stage may change; absent: all */
  readonly mayChange?: readonly string[];
  /** layers that it may add at most; absent: any number */
  readonly maxNewLayers?: number;
  /** kinds of links that it may make */
  readonly kinds: readonly LinkKind[];
  /** true: the team must have verified its parent (a verification summary) before it built on it */
  readonly intake: boolean;
  /** digests of the policies that it may have verified it by; absent: whichever its summary names */
  readonly intakePolicies?: readonly string[];
  /** names of the stages that its parent may come from; absent: the stage before; empty: it has no parent */
  readonly parentStages?: readonly string[];
}

/**
 * origin: made from nothing; import: taken from elsewhere, with no chain before it; extend: layers on top of the parent's;
 * config-only: the parent's layers with another configuration; rebase: the layers of a stage on another parent; squash: the
 * parent's layers made into others
 */
export const linkKinds = ['origin', 'import', 'extend', 'config-only', 'rebase', 'squash'] as const;
export type LinkKind = (typeof linkKinds)[number];
