import { digestAlgorithm, digestHex, isDigest, type Digest } from '../../oci/digest.ts';
import { refuse } from '../../signing/refusal.ts';
import { objectOf, stringOf } from '../../signing/strict-fields.ts';
import { custodyLimits } from '../limits.ts';
import { absent, listOf, predicateFields, textOf, timeOf } from './fields.ts';
import type { RepositoryScope } from './scope.ts';

/**
 * Predicate of a SLSA verification summary, version 1 (slsa.dev/spec/v1.1/verification_summary). A team makes one of an image that
 * it takes in before it builds on it; a registry makes one of a final image whose whole chain it walked.
 */
export interface VerificationSummary {
  readonly verifier: string;
  /** RFC 3339 */
  readonly timeVerified: string;
  readonly resourceUri: string;
  /** what it was verified by */
  readonly policy: { readonly uri?: string; readonly digest: Digest };
  /** payload digests of the statements that it rests on */
  readonly inputs: readonly Digest[];
  readonly passed: boolean;
  readonly levels: readonly string[];
}

/** The level of a final image whose layers are all attributed and whose approvals are all there. */
export const chainComplete = 'WHARFINGER_CHAIN_COMPLETE';

/** The level of an image that the next team took in. */
export const intakeLevel = 'WHARFINGER_INTAKE';

/** True for a summary of a final image by who walked its chain, which is no intake. */
export function isOfWholeChain({ levels }: Pick<VerificationSummary, 'levels'>): boolean {
  return levels.includes(chainComplete) && !levels.includes(intakeLevel);
}

/** How a summary names an image (`resourceUri`): by the registry's logical identity, so that it counts in no other. */
export function resourceUri({ registry, repository }: RepositoryScope, digest: Digest): string {
  return `oci://${registry}/${repository}@${digest}`;
}

/**
 * Reads the predicate of a verification summary. Fields that are not known are passed over, as its specification demands.
 * @throws WharfingerError SIGNATURE_INVALID with the reason
 */
export function readVerificationSummary(predicate: unknown): VerificationSummary {
  const fields = predicateFields(predicate, 'verification summary');
  const policy = objectOf(fields['policy'], 'policy');
  const uri = policy['uri'];
  const result = fields['verificationResult'];
  if (result !== 'PASSED' && result !== 'FAILED') refuse('verificationResult is neither PASSED nor FAILED');
  return {
    verifier: textOf(objectOf(fields['verifier'], 'verifier')['id'], 'verifier.id'),
    timeVerified: timeOf(fields['timeVerified'], 'timeVerified'),
    resourceUri: textOf(fields['resourceUri'], 'resourceUri'),
    policy: {
      ...(absent(uri) || uri === '' ? {} : { uri: textOf(uri, 'policy.uri') }),
      digest: digestOfSet(policy['digest'], 'policy.digest'),
    },
    inputs: absent(fields['inputAttestations'])
      ? []
      : listOf(fields['inputAttestations'], 'inputAttestations', custodyLimits.items, (item, where) =>
          digestOfSet(objectOf(item, where)['digest'], `${where}.digest`),
        ),
    passed: result === 'PASSED',
    levels: absent(fields['verifiedLevels'])
      ? []
      : listOf(fields['verifiedLevels'], 'verifiedLevels', custodyLimits.items, textOf),
  };
}

/** The predicate as it is signed. */
export function writeVerificationSummary(summary: VerificationSummary): object {
  const digestSet = (digest: Digest) => ({ [digestAlgorithm(digest)]: digestHex(digest) });
  const { policy, inputs, levels } = summary;
  return {
    verifier: { id: summary.verifier },
    timeVerified: summary.timeVerified,
    resourceUri: summary.resourceUri,
    policy: { ...(policy.uri === undefined ? {} : { uri: policy.uri }), digest: digestSet(policy.digest) },
    inputAttestations: inputs.map((digest) => ({ digest: digestSet(digest) })),
    verificationResult: summary.passed ? 'PASSED' : 'FAILED',
    verifiedLevels: [...levels],
    slsaVersion: '1.1',
  };
}

/** A digest set of in-toto that has exactly one digest of a kind known here. */
function digestOfSet(value: unknown, where: string): Digest {
  const digests = Object.entries(objectOf(value, where)).map(
    ([algorithm, hex]) => `${algorithm}:${stringOf(hex, where)}`,
  );
  const known = digests.filter(isDigest);
  const [digest] = known;
  if (digest === undefined || known.length > 1) return refuse(`${where} has not one sha256 or sha512 digest`);
  return digest;
}
