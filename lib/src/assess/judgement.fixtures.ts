import { loadStandardCollection } from '../routines/standard.ts';
import { signatureFormats, type TrustedSigner } from '../signing/evidence.ts';
import type { Judgement, RepositoryRule } from './judgement-document.ts';
import { unmatchedRepository } from './rules-for.ts';

/** A judgement with nothing in it but what is given: for tests. It is in force from 2026 to 2036. */
export function makeJudgement(fields: Partial<Judgement> = {}): Judgement {
  return {
    format: 2,
    registry: 'test',
    version: 1,
    madeAt: '2026-01-01T00:00:00Z',
    expires: '2036-01-01T00:00:00Z',
    repositories: [],
    trust: [],
    sigstoreRoots: {},
    trustStores: {},
    certificateRevocations: [],
    revocations: {
      version: 1,
      issuedAt: '2026-01-01T00:00:00Z',
      expires: '2036-01-01T00:00:00Z',
      entries: [],
    },
    custody: [],
    bindings: [],
    waivers: [],
    grantRules: [],
    grants: [],
    holds: [],
    collections: [loadStandardCollection()],
    ...fields,
  };
}

/** How repositories of a pattern are judged, with what is usual besides what is given. */
export function makeRule(pattern: string, fields: Partial<RepositoryRule> = {}): RepositoryRule {
  return { ...unmatchedRepository, pattern, ...fields };
}

/** Trust in these signers for the repositories of a pattern, in every format. */
export function makeTrust(pattern: string, ...signers: readonly TrustedSigner[]) {
  return { pattern, signers, formats: signatureFormats };
}
