import type { ErrorEntry } from './entry.ts';

/** What is found of images and of the rules that they are judged by. */
export const errorsOfChecks = {
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
} as const satisfies Record<string, ErrorEntry>;
