import type { FileAccounts } from './accounts/account-facts.ts';
import type { ExecutableFacts } from './executables/executable-facts.ts';
import type { PartlyKnownLicence } from './inventory.ts';
import type { PackageOwner, PackageType } from './packages/package-types.ts';
import type { FileSecrets } from './secrets/secret-facts.ts';

/** What one file says; `entry` is its index in the tree. */
export type FileRecord = { readonly entry: number } & FileFacts;

/** Files of note, found by what they begin with as well as by their names. */
export type FileFacts =
  /** `sourceless`: the record does not say what packages were built from, and `source` is the name of each */
  | { readonly kind: 'dpkg'; readonly packages: readonly DpkgPackage[]; readonly sourceless?: true }
  | { readonly kind: 'apk'; readonly packages: readonly ApkPackage[] }
  | { readonly kind: 'rpm'; readonly packages: readonly RpmPackage[] }
  /** of a database of rpm: what the database has since then can be told from both together alone; packages that stand in it */
  | { readonly kind: 'rpm-journal'; readonly packages: readonly RpmPackage[] }
  /** of which repositories Red Hat built an image */
  | { readonly kind: 'content-sets'; readonly names: readonly string[] }
  | { readonly kind: 'os-release'; readonly fields: Readonly<Record<string, string>> }
  | { readonly kind: 'apk-repositories'; readonly streams: readonly string[] }
  /** packages that a file of a language's tools records, or an SBOM that lies in the image */
  | {
      readonly kind: 'packages';
      /** by which row of packages/formats.ts it was read */
      readonly format: string;
      readonly packages: readonly RecordedPackage[];
    }
  | ({ readonly kind: 'recorded-files' } & RecordedFiles)
  /** files that dpkg unpacks to other places than their packages name (dpkg-divert) */
  | { readonly kind: 'diversions'; readonly diversions: readonly Diversion[] }
  /** a licence: of Debian's copyright files, or the text of one beside a package; one of `spdx` and `partly` is there */
  | {
      readonly kind: 'licence';
      readonly form: 'copyright' | 'text';
      readonly spdx?: string;
      readonly partly?: PartlyKnownLicence;
    }
  /** an ELF file: what it is by its own account */
  | ({ readonly kind: 'executable' } & ExecutableFacts)
  /** secrets that it holds, told without saying them */
  | ({ readonly kind: 'secrets' } & FileSecrets)
  /** data or configuration by its content; `id` of a row of baked/baked-rules.ts */
  | { readonly kind: 'baked'; readonly id: string }
  /** who may log in, by a file that says so */
  | ({ readonly kind: 'accounts' } & FileAccounts)
  /** a file that names the distribution, such as debian_version; `release`, where it is one of the two that give a number and no more */
  | {
      readonly kind: 'distribution-file';
      readonly release?: { readonly id: 'alpine' | 'debian'; readonly version: string };
    }
  /** a package database of a kind that is not read yet */
  | { readonly kind: 'other-database'; readonly format: string };

/** True for facts that say something of their file alone, and nothing of what is installed. */
export function isOfFile(kind: FileFacts['kind']): boolean {
  return kind === 'executable' || kind === 'secrets' || kind === 'baked' || kind === 'accounts';
}

export interface DpkgPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture?: string;
  readonly source: string;
  readonly sourceVersion: string;
  /** mail address */
  readonly maintainer?: string;
}

export interface ApkPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture?: string;
  readonly origin: string;
  readonly licence?: string;
}

export interface RpmPackage {
  readonly name: string;
  /** `epoch:version-release`; an epoch of 0 is left out */
  readonly version: string;
  readonly architecture?: string;
  /** file name of the source package */
  readonly source?: string;
  readonly licence?: string;
  readonly vendor?: string;
  /** the module that it was built in: `name:stream:version:context` */
  readonly module?: string;
}

/** What the text of a licence is: one of these. */
export interface LicenceText {
  readonly spdx?: string;
  readonly partly?: PartlyKnownLicence;
}

/** A package of a language, as its record describes it. */
export interface RecordedPackage {
  readonly type: PackageType;
  /** as its tools write it, namespace included: `@scope/name`, `group:artifact`, `vendor/name` */
  readonly name: string;
  readonly version: string;
  /** OSV's; absent: none has such packages */
  readonly ecosystem?: string;
  /** what advisories call it, where that is not its name: normalized (PEP 503), in lower case (NuGet) */
  readonly matchName?: string;
  /** as the record has it */
  readonly licence?: string;
  /** of the texts of licences that lie in its archive */
  readonly licenceText?: LicenceText;
  /** as the record gives it; absent: made of type, name and version */
  readonly purl?: string;
  /** path inside the file, which is an archive; `!/` stands between an archive and what lies in it */
  readonly inside?: string;
}

/** Which files a package's own record says it installed, and what they contained then. */
export interface RecordedFiles {
  readonly owner: PackageOwner;
  /** of the digests; absent: none are recorded */
  readonly algorithm?: RecordedAlgorithm;
  /** coded as LayerTree.paths; relative to the root */
  readonly paths: readonly string[];
  /** of each path: base64 without padding; empty where the record has none, as for folders and links */
  readonly digests: readonly string[];
  /** indexes of files that people are meant to change: configuration */
  readonly configuration?: readonly number[];
}

/** A file that all packages but one have at another place. Paths are relative to the root. */
export interface Diversion {
  readonly from: string;
  readonly to: string;
  /** the package that keeps the place; absent: none, the place is the administrator's */
  readonly by?: string;
}

/** Algorithms by which packages record what their files contain. */
export type RecordedAlgorithm = 'md5' | 'sha1' | 'sha256' | 'sha512';
