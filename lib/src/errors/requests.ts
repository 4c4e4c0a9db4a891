import type { ErrorEntry } from './entry.ts';

/** What a registry is asked for: names, content, and who may have it. */
export const errorsOfRequests = {
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
    remedy:
      'check that the scanner can be reached, that its credentials are right, and what its own log says',
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
} as const satisfies Record<string, ErrorEntry>;
