/** Types of the statements that Wharfinger makes and reads (in-toto `predicateType`). Names, never fetched. */
export const predicateTypes = {
  /** one team's layers on top of another team's image */
  layerLink: 'https://wharfinger.dev/attestation/layer-link/v1',
  /** somebody approves an image for a stage */
  approval: 'https://wharfinger.dev/attestation/approval/v1',
  /** an index, and the manifests that it was put together from */
  assembly: 'https://wharfinger.dev/attestation/assembly/v1',
  /** what an image was judged to be, and from what */
  verdict: 'https://wharfinger.dev/attestation/verdict/v1',
  /** a tag, the digest that it means, and until when that is fresh */
  channel: 'https://wharfinger.dev/attestation/channel/v1',
  /** what a probe found in an image */
  probe: 'https://wharfinger.dev/attestation/probe/v1',
  /** SLSA verification summary: an intake by the next team, or a whole chain by a registry */
  verificationSummary: 'https://slsa.dev/verification_summary/v1',
} as const;

/** What DSSE envelopes of ours carry that are no in-toto statements (DSSE `payloadType`). */
export const payloadTypes = {
  /** everything that decides */
  judgement: 'application/vnd.wharfinger.judgement.v2+json',
  /** keys that do not count any more */
  revocations: 'application/vnd.wharfinger.revocations.v1+json',
  /** what the tags of a repository mean now */
  snapshot: 'application/vnd.wharfinger.snapshot.v1+json',
  /** a permission to use what does not pass, for hours */
  grant: 'application/vnd.wharfinger.grant.v1+json',
} as const;

/** Artifact types and layer types of what we store in registries. */
export const artifactTypes = {
  /** a collection of routines; its one layer is the collection file */
  routines: 'application/vnd.wharfinger.routines.v1',
  routinesText: 'application/vnd.wharfinger.routines.v1+yaml',
  /** what an image was judged by and from, in an archive of `wharf save`; its config says which image */
  saved: 'application/vnd.wharfinger.saved.v1',
  savedConfig: 'application/vnd.wharfinger.saved.v1+json',
  /** its layers: the signed judgement, a signed receipt for each image, the advisories that match */
  savedJudgement: 'application/vnd.wharfinger.judgement.v2.dsse+json',
  savedReceipt: 'application/vnd.wharfinger.receipt.v1.dsse+json',
  savedAdvisories: 'application/vnd.wharfinger.advisories.v1+json',
  /** a packed set of advisories; its one layer is one of `advisorySetTypes` */
  advisories: 'application/vnd.wharfinger.advisory-set.v1',
} as const;

/** Layer types of packed advisories, by what they hold; all of them are gzipped. */
export const advisorySetTypes = {
  /** OSV records, a JSON object on each line */
  osv: 'application/vnd.wharfinger.advisory-set.osv.v1+gzip',
  /** the catalogue of exploited vulnerabilities as CISA publishes it */
  kev: 'application/vnd.wharfinger.advisory-set.kev.v1+gzip',
  /** scores of EPSS as FIRST publishes them */
  epss: 'application/vnd.wharfinger.advisory-set.epss.v1+gzip',
  /** VEX documents of OpenVEX, CycloneDX or CSAF, one after the other */
  vex: 'application/vnd.wharfinger.advisory-set.vex.v1+gzip',
} as const;
