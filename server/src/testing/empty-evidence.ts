import type { ImageEvidence } from '@wharfinger/lib/assess/look-up-evidence';

/** What was found where there is no evidence at all. */
export const emptyEvidence: ImageEvidence = {
  report: { valid: [], refused: [] },
  trustedKeys: [],
  attested: {
    facts: { valid: [], refused: [], provenance: [], sboms: [], vex: [], approvals: [] },
    vex: [],
  },
  ancestors: [],
  keyIds: [],
};
