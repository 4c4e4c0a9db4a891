/**
 * Every failure that leaves this library has a code of this one table: what HTTP status and OCI error code it becomes
 * on the wire, what went wrong, and what to do about it.
 *
 * OCI codes follow the distribution specification, section "Error Codes".
 */
interface ErrorEntry {
  /** HTTP status that the registry or API answers with */
  readonly status: number;
  /** code in the OCI error body; absent where the failure never reaches a registry client */
  readonly oci?: string;
  readonly message: string;
  readonly remedy: string;
}

const table = {
  // names, digests, references
  NAME_INVALID: {
    status: 400,
    oci: 'NAME_INVALID',
    message: 'the repository name is not valid',
    remedy: 'use lower-case path components such as team/app, at most 255 characters',
  },
  TAG_INVALID: {
    status: 400,
    oci: 'TAG_INVALID',
    message: 'the tag is not valid',
    remedy: 'use letters, digits, _, . and -, at most 128 characters, not beginning with . or -',
  },
  TAGS_TOO_MANY: {
    status: 414,
    oci: 'TAG_INVALID',
    message: 'too many tags in one request',
    remedy: 'push the manifest again by its digest with the rest of the tags',
  },
  DIGEST_INVALID: {
    status: 400,
    oci: 'DIGEST_INVALID',
    message: 'the digest is not valid',
    remedy: 'give sha256:<64 hex digits> or sha512:<128 hex digits> in lower case',
  },
  REFERENCE_INVALID: {
    status: 400,
    oci: 'NAME_INVALID',
    message: 'the image reference is not valid',
    remedy: 'write host/repository:tag or host/repository@sha256:…',
  },

  // blobs and uploads
  BLOB_UNKNOWN: {
    status: 404,
    oci: 'BLOB_UNKNOWN',
    message: 'blob unknown to this repository',
    remedy: 'push the blob first',
  },
  BLOB_DIGEST_MISMATCH: {
    status: 400,
    oci: 'DIGEST_INVALID',
    message: 'the content does not have the digest that was promised',
    remedy: 'push the blob again; the bytes changed on the way or the digest is wrong',
  },
  BLOB_IN_USE: {
    status: 409,
    oci: 'DENIED',
    message: 'a manifest of this repository refers to the blob',
    remedy: 'delete the manifests that refer to it first',
  },
  UPLOAD_UNKNOWN: {
    status: 404,
    oci: 'BLOB_UPLOAD_UNKNOWN',
    message: 'upload unknown',
    remedy: 'begin a new upload; this one was finished, cancelled or has expired',
  },
  UPLOAD_OUT_OF_ORDER: {
    status: 416,
    oci: 'BLOB_UPLOAD_INVALID',
    message: 'the chunk does not begin where the upload ended',
    remedy: 'ask for the state of the upload and continue from there',
  },
  UPLOAD_INVALID: {
    status: 400,
    oci: 'BLOB_UPLOAD_INVALID',
    message: 'the upload is not valid',
    remedy: 'begin a new upload',
  },
  UPLOAD_BUSY: {
    status: 409,
    oci: 'BLOB_UPLOAD_INVALID',
    message: 'another request is writing to this upload',
    remedy: 'wait for it to end, ask for the state of the upload and continue from there',
  },
  SIZE_INVALID: {
    status: 400,
    oci: 'SIZE_INVALID',
    message: 'the content does not have the length that was promised',
    remedy: 'send the whole content again',
  },
  RANGE_INVALID: {
    status: 416,
    oci: 'BLOB_UPLOAD_INVALID',
    message: 'the range lies outside of the content',
    remedy: 'ask for a range within the size of the blob',
  },
  STORAGE_FULL: {
    status: 507,
    oci: 'DENIED',
    message: 'the registry has no room left',
    remedy: 'nothing was stored; make room on the server, then push again',
  },

  // manifests and tags
  MANIFEST_UNKNOWN: {
    status: 404,
    oci: 'MANIFEST_UNKNOWN',
    message: 'manifest unknown',
    remedy: 'check repository and tag; wharf tags lists what there is',
  },
  MANIFEST_INVALID: {
    status: 400,
    oci: 'MANIFEST_INVALID',
    message: 'the manifest is not valid',
    remedy: 'correct the manifest and push it again',
  },
  MANIFEST_BLOB_UNKNOWN: {
    status: 400,
    oci: 'MANIFEST_BLOB_UNKNOWN',
    message: 'the manifest refers to parts that this repository does not have',
    remedy: 'push the missing parts first',
  },
  MANIFEST_IN_USE: {
    status: 409,
    oci: 'DENIED',
    message: 'the chain of custody of another image rests on this one',
    remedy: 'delete the images that are built on it first',
  },
  MANIFEST_TOO_LARGE: {
    status: 413,
    oci: 'SIZE_INVALID',
    message: 'the manifest is too large',
    remedy: 'keep manifests below the limit of this registry',
  },
  REFERRERS_TOO_MANY: {
    status: 409,
    oci: 'DENIED',
    message: 'too much refers to this image already',
    remedy: 'delete signatures and attestations of the image that nobody needs, with the right purge',
  },
  TAG_IMMUTABLE: {
    status: 409,
    oci: 'DENIED',
    message: 'the tag is immutable and already points elsewhere',
    remedy: 'push under a new tag',
  },
  NAME_UNKNOWN: {
    status: 404,
    oci: 'NAME_UNKNOWN',
    message: 'repository name not known to registry',
    remedy: 'check the name; wharf ls lists the repositories that you may read',
  },

  // who and what
  UNAUTHORIZED: {
    status: 401,
    oci: 'UNAUTHORIZED',
    message: 'authentication required',
    remedy: 'log in with docker login or wharf login',
  },
  DENIED: {
    status: 403,
    oci: 'DENIED',
    message: 'access denied',
    remedy: 'ask the owner of the repository for the right',
  },
  HELD: {
    status: 403,
    oci: 'DENIED',
    message: 'held by wharfinger',
    remedy: 'wharf verdict explains what is missing',
  },
  TOO_MANY_REQUESTS: {
    status: 429,
    oci: 'TOOMANYREQUESTS',
    message: 'too many requests',
    remedy: 'wait and try again',
  },
  UNSUPPORTED: {
    status: 405,
    oci: 'UNSUPPORTED',
    message: 'the operation is not supported',
    remedy: 'see the OCI distribution specification for what a registry offers',
  },
  INPUT_INVALID: {
    status: 400,
    oci: 'UNSUPPORTED',
    message: 'the request is not valid',
    remedy: 'correct the request',
  },
  INPUT_TOO_LARGE: {
    status: 413,
    message: 'the request is too large',
    remedy: 'send less at once',
  },
  NOT_FOUND: {
    status: 404,
    oci: 'NAME_UNKNOWN',
    message: 'there is nothing here',
    remedy: 'check the address',
  },
  PROBE_INVALID: {
    status: 400,
    message: 'the image is not a probe that can be run',
    remedy: 'correct what it declares in its label dev.wharfinger.probe, and build it again',
  },
  PROBE_SUBJECT_UNREADABLE: {
    status: 400,
    message: 'the files of the image cannot be laid out for a probe',
    remedy: 'build the image again; wharf inspect shows what is wrong with its layers',
  },
  ENGINE_FAILED: {
    status: 503,
    message: 'the container engine that runs probes failed',
    remedy: 'check that the engine runs, that its socket may be used, and that its disk has room',
  },
  SCANNER_FAILED: {
    status: 502,
    message: 'the scanner failed',
    remedy: 'check that the scanner can be reached, that its credentials are right, and what its own log says',
  },
  UNAVAILABLE: {
    status: 503,
    oci: 'UNSUPPORTED',
    message: 'the service cannot answer now',
    remedy: 'try again later',
  },
  INTERNAL: {
    status: 500,
    oci: 'UNSUPPORTED',
    message: 'internal error',
    remedy: 'see the log of the server',
  },

  // reading images
  ROOTFS_INVALID: {
    status: 400,
    message: 'this is no root file system that an image can be made of',
    remedy: 'give a tar of a root file system, plain or compressed with gzip or zstd',
  },
  FILE_UNKNOWN: {
    status: 404,
    message: 'the image has nothing at this path',
    remedy: 'list the folder above it; paths are as wharf files shows them',
  },
  ARCHIVE_INVALID: {
    status: 400,
    message: 'the archive cannot be read',
    remedy: 'give an OCI layout, an OCI archive or an archive made by docker save',
  },
  ADVISORY_INVALID: {
    status: 400,
    message: 'the advisory is not a valid OSV record',
    remedy: 'correct the record; see the OSV schema',
  },
  ADVISORIES_UNREADABLE: {
    status: 400,
    message: 'the advisories cannot be read',
    remedy:
      'give a .json, .jsonl, .jsonl.gz or .zip file of OSV records, a folder of such files, or an https address of one',
  },
  VERSION_INVALID: { status: 400, message: 'the version cannot be ordered', remedy: 'correct the version' },
  PIN_REFUSED: {
    status: 400,
    message: 'the file cannot be pinned',
    remedy: 'give Kubernetes YAML, Helm values, a Compose file or a Dockerfile',
  },

  // trust and rules
  KEY_INVALID: {
    status: 400,
    message: 'the key cannot be used',
    remedy: 'give a PEM public key: P-256, P-384, P-521, Ed25519 or RSA of at least 2048 bits',
  },
  CERTIFICATE_INVALID: {
    status: 400,
    message: 'the certificate cannot be used',
    remedy: 'give X.509 certificates in PEM, as the trust store or the chain needs them',
  },
  TRUST_POLICY_INVALID: {
    status: 400,
    message: 'the trust policy cannot be used',
    remedy: 'correct every mistake that is named',
  },
  SIGNATURE_INVALID: {
    status: 400,
    message: 'the signature does not verify',
    remedy: 'sign again with a trusted key',
  },
  TRUSTED_ROOT_INVALID: {
    status: 400,
    message: 'the trusted root of Sigstore cannot be used',
    remedy: 'give the trusted_root.json of the Sigstore instance that vouched for the signer',
  },
  ROUTINE_INVALID: {
    status: 400,
    message: 'the routine is not valid',
    remedy: 'correct it and run wharf routine test',
  },
  BINDING_INVALID: {
    status: 400,
    message: 'the binding is not valid',
    remedy: 'correct what is named; docs/guide/routines.md describes the fields',
  },
  WAIVER_INVALID: {
    status: 400,
    message: 'the waiver is not valid',
    remedy: 'correct what is named; docs/guide/exceptions.md describes the fields',
  },
  GRANT_INVALID: {
    status: 400,
    message: 'the grant is not valid',
    remedy: 'request a new one with wharf grant request; docs/guide/exceptions.md says how',
  },
  COLLECTION_EXISTS: {
    status: 409,
    message: 'this version of the collection was pushed already, with other content',
    remedy: 'give the changed collection a higher version',
  },
  JUDGEMENT_INVALID: {
    status: 400,
    message: 'the judgement cannot be used',
    remedy: 'export it again with wharf judgement export',
  },
  VEX_INVALID: {
    status: 400,
    message: 'the VEX document cannot be used',
    remedy:
      'give a document of OpenVEX, CycloneDX or CSAF (category csaf_vex) whose products are purls or digests',
  },
  TAG_NOT_FRESH: {
    status: 403,
    message: 'the tag cannot be trusted to mean this image',
    remedy: 'have its publisher sign the tag again (wharf channel sign), or find out who moved it',
  },
  JUDGEMENT_UNTRUSTED: {
    status: 400,
    message: 'the judgement may not be judged by',
    remedy: 'fetch the one that is in force with wharf judgement export',
  },
  RECEIPT_INVALID: {
    status: 400,
    message: 'the receipt cannot be relied on',
    remedy: 'ask the registry for it again; wharf verdict shows what it says now',
  },
  EVIDENCE_CHANGED: {
    status: 400,
    message: 'what was saved is not what was judged',
    remedy: 'save the image again with wharf save, and bring the file over unchanged',
  },

  // what may run
  REVIEW_INVALID: {
    status: 400,
    message: 'the object cannot be reviewed',
    remedy:
      'correct the object; a kind of your own is named under podTemplates in the configuration of the webhook',
  },
  REGISTRY_NOT_LISTED: {
    status: 403,
    message: 'nobody judges the images of this registry',
    remedy:
      'use an image of a registry that is listed, or list its host under registries in the configuration',
  },
  DECISION_LATE: {
    status: 503,
    message: 'whether the image may run was not known in time',
    remedy: 'try again in a moment: the look-up goes on, and its answer is kept',
  },

  RECORD_EXISTS: {
    status: 409,
    message: 'a record of this kind and name is in force',
    remedy: 'end it first, or choose another name',
  },
  CUSTODY_INCOMPLETE: {
    status: 409,
    message: 'the chain of custody is not complete',
    remedy: 'see what is missing with wharf custody show',
  },
  LAYOUT_INVALID: {
    status: 400,
    message: 'the custody layout cannot be used',
    remedy: 'correct it; wharf custody init writes an example',
  },

  // other registries and files
  REMOTE_FAILED: {
    status: 502,
    message: 'the other registry failed',
    remedy: 'check that it can be reached and that the credentials are right',
  },
  DATA_IN_USE: {
    status: 503,
    message: 'another process uses this data folder',
    remedy: 'stop it first, or give this one a data folder of its own',
  },
  LISTEN_FAILED: {
    status: 503,
    message: 'the address cannot be listened on',
    remedy: 'stop what listens there, or choose another address with --listen or WHARFINGER_LISTEN',
  },
  CONFIG_INVALID: {
    status: 500,
    message: 'the configuration is not valid',
    remedy: 'correct every line named and start again',
  },
  USAGE: { status: 400, message: 'wrong usage', remedy: 'see --help' },
} as const satisfies Record<string, ErrorEntry>;

/** Codes of all failures of this product. */
export type ErrorCode = keyof typeof table;

/** All codes, in the order of the table. */
export const errorCodes = Object.keys(table) as readonly ErrorCode[];

/** What the table says of a code. */
export function describeError(code: ErrorCode): ErrorEntry {
  return table[code];
}

interface ErrorOptions {
  /** what exactly was wrong and where; becomes part of the message */
  readonly what?: string;
  /** replaces the table's remedy where more is known */
  readonly remedy?: string;
  /** plain data for the `detail` field of an OCI error */
  readonly detail?: unknown;
  readonly cause?: unknown;
}

/** A failure with a code of the table, what was wrong, and what to do. */
export class WharfingerError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string;
  readonly detail: unknown;

  constructor(code: ErrorCode, options: ErrorOptions = {}) {
    const entry: ErrorEntry = table[code];
    super(options.what === undefined ? entry.message : `${entry.message}: ${options.what}`, {
      cause: options.cause,
    });
    this.name = 'WharfingerError';
    this.code = code;
    this.remedy = options.remedy ?? entry.remedy;
    this.detail = options.detail;
  }

  get status(): number {
    return table[this.code].status;
  }
}

/** True if `error` is a WharfingerError, of this code where one is given. */
export function isWharfingerError(error: unknown, code?: ErrorCode): error is WharfingerError {
  return error instanceof WharfingerError && (code === undefined || error.code === code);
}
