import type { Judgement } from '@wharfinger/lib/assess/judgement-document';

/**
 * What the records of the server say, in the form in which a judgement has it. What the configuration says stands beside it:
 * records/merge.ts brings the two together.
 */
export type PolicyRecords = Pick<
  Judgement,
  | 'version'
  | 'trust'
  | 'sigstoreRoots'
  | 'trustStores'
  | 'certificateRevocations'
  | 'revocations'
  | 'custody'
  | 'bindings'
  | 'waivers'
  | 'grantRules'
  | 'grants'
  | 'collections'
>;
