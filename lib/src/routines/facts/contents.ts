export interface InventoryFacts {
  readonly complete: boolean;
  readonly distribution?: { readonly id: string; readonly version?: string; readonly ecosystem?: string };
  readonly packages: ReadonlyArray<{
    readonly type: string;
    readonly name: string;
    readonly version: string;
    readonly purl: string;
    readonly layer: number;
    readonly licence?: string;
    /** an SPDX expression; absent: its licence is not known, or not all of it */
    readonly spdx?: string;
  }>;
  /** under what they are, each licence once */
  readonly licences: readonly LicenceFact[];
  readonly problems: ReadonlyArray<{
    readonly code: string;
    readonly message: string;
    readonly path?: string;
    /** index of the layer, from 0; absent where the whole image is meant */
    readonly layer?: number;
    readonly hides: boolean;
  }>;
  /** absent: it has no file system */
  readonly contamination?: ContaminationFacts;
  /** absent: it has no file system, or its files were too many to be followed */
  readonly executables?: ExecutablesFacts;
  /** absent: it has no file system */
  readonly secrets?: SecretsFacts;
  /** absent: it has no file system */
  readonly baked?: BakedFacts;
  /** absent: it has no file system */
  readonly accounts?: AccountsFacts;
}

/** Who can log in wherever the image runs, by what lies in it. */
export interface AccountsFacts {
  /** false: there is something that could not be read */
  readonly complete: boolean;
  /** why it is not complete */
  readonly reason?: string;
  /** how many there are of each kind, whether they are listed or not */
  readonly counts: {
    /** accounts that let in without a password */
    readonly passwordless: number;
    /** accounts whose password hash is in the image */
    readonly password: number;
    /** accounts besides root with all of its rights */
    readonly administrator: number;
    /** accounts that let in by a key of SSH */
    readonly key: number;
  };
  /** the first of each kind */
  readonly found: ReadonlyArray<{
    /** passwordless, password, administrator or key */
    readonly kind: string;
    readonly account: string;
    /** the file that says so */
    readonly path: string;
    /** index of the layer since which it is so, from 0 */
    readonly layer: number;
    readonly detail?: string;
  }>;
}

/** What an image holds besides code. */
export interface BakedFacts {
  /** false: its files could not all be looked at */
  readonly complete: boolean;
  /** how many places there are of each kind, whether they are listed or not */
  readonly counts: {
    readonly data: number;
    readonly configuration: number;
    readonly cache: number;
    readonly history: number;
  };
  /** the first of each kind */
  readonly places: ReadonlyArray<{
    /** which sort it is, such as sqlite-database */
    readonly id: string;
    /** data, configuration, cache or history */
    readonly kind: string;
    readonly what: string;
    readonly remedy: string;
    /** a file, or a folder with a slash at its end */
    readonly path: string;
    /** index of the layer of its first file, from 0 */
    readonly layer: number;
    readonly files: number;
    readonly bytes: number;
  }>;
}

/** Secrets in the layers and the configuration of an image, none of which is told. */
export interface SecretsFacts {
  /** false: there is something that was not looked at */
  readonly complete: boolean;
  /** why it is not complete */
  readonly reason?: string;
  /** how many there are, at least, whether they are listed or not */
  readonly counts: {
    readonly possible: number;
    readonly low: number;
    readonly medium: number;
    readonly high: number;
    readonly critical: number;
  };
  /** the first ones, the worst before the others */
  readonly found: ReadonlyArray<{
    /** what kind it is, such as aws-secret-access-key */
    readonly rule: string;
    /** possible, low, medium, high or critical */
    readonly severity: string;
    /** file, environment, label, history or command */
    readonly where: string;
    /** of the file; else the name of the variable or label, or the step of the history */
    readonly path: string;
    /** index of the layer that holds it, from 0; absent: the configuration does */
    readonly layer?: number;
    /** a later layer took the file away, which helps nothing */
    readonly deleted?: boolean;
    readonly line?: number;
    /** by what it was recognised, never the secret */
    readonly excerpt: string;
    /** the same for the same secret; absent for passwords */
    readonly fingerprint?: string;
  }>;
}

/** Under what packages of an image are. */
export interface LicenceFact {
  /** an SPDX expression; absent: it is not known, or not all of it */
  readonly spdx?: string;
  /** what it was told from: record, copyright, text or nothing */
  readonly from: string;
  /** what of it is not known, in the words of its record */
  readonly unknown: readonly string[];
  /** the ways to keep to it, of which one is enough */
  readonly choices: ReadonlyArray<{
    /** which hold together: SPDX identifiers, `… WITH …` for those with an exception, and what is unknown in its own words */
    readonly licences: readonly string[];
    /** the same without their exceptions */
    readonly without: readonly string[];
    /**
     * of which kinds they are, each once: public-domain, permissive, weak-copyleft, strong-copyleft, network-copyleft,
     * source-available, non-commercial, proprietary or unknown
     */
    readonly categories: readonly string[];
    /**
     * what they ask: notice, advertising, source, source-of-files, source-when-served, same-licence, patents, no-commercial-use,
     * no-changes, no-competing-service, agreement
     */
    readonly obligations: readonly string[];
  }>;
  /** the distribution brought them */
  readonly system: boolean;
  /** `type name version` of those under it */
  readonly packages: readonly string[];
}

/** How the files of an image differ from what its packages recorded when they were installed. */
export interface ContaminationFacts {
  /** false: something could not be compared */
  readonly complete: boolean;
  /** why it is not complete */
  readonly reason?: string;
  /** how many there are of each kind, whether they are listed or not */
  readonly counts: {
    readonly modified: number;
    readonly configuration: number;
    readonly accounts: number;
    readonly missing: number;
    readonly missingDocumentation: number;
    readonly recordRewritten: number;
    readonly unowned: number;
    readonly addedExecutable: number;
    readonly changedExecutable: number;
    readonly setuid: number;
    readonly capability: number;
    readonly unchecked: number;
  };
  /** the first of each kind */
  readonly files: ReadonlyArray<{
    /** modified, configuration, missing, missing-documentation, record-rewritten, unowned, added-executable, changed-executable, setuid, capability or unchecked */
    readonly kind: string;
    readonly path: string;
    /** index of the layer that did it, from 0 */
    readonly layer: number;
    /** name of the package that has it; absent: none */
    readonly package?: string;
    readonly recorded?: string;
    readonly found?: string;
    readonly detail?: string;
  }>;
  /** types of its packages that record nothing of their files */
  readonly unrecorded: readonly string[];
}

/** The programs and libraries of an image. */
export interface ExecutablesFacts {
  readonly all: number;
  /** those that no package of the distribution brought as they are */
  readonly foreign: number;
  /** the first of the foreign ones */
  readonly files: ReadonlyArray<{
    readonly path: string;
    readonly layer: number;
    /** program, library or object */
    readonly type: string;
    readonly machine: string;
    readonly buildId?: string;
    /** absent: it is linked statically, or is no program */
    readonly interpreter?: string;
    /** absent: the names could not be read */
    readonly needed?: readonly string[];
    readonly rpath?: string;
    readonly runpath?: string;
    /** absent: nobody can tell, as in those below */
    readonly symbols?: boolean;
    readonly pie?: boolean;
    /** none, partial or full */
    readonly relro: string;
    readonly nx: boolean;
    readonly stackProtector?: boolean;
    readonly fortified?: boolean;
    /** go or rust */
    readonly language?: string;
    /** upx, or unknown */
    readonly packer?: string;
    readonly broken?: boolean;
  }>;
}
