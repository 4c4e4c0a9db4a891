import { ancestorsOf, type CustodyReport, type EvidenceItem } from '../custody/report.ts';
import { custodyFacts } from '../custody/custody-facts.ts';
import type { ChainSource } from '../custody/chain-source.ts';
import type { CustodyLayout } from '../custody/layout.ts';
import { verifiedChain } from '../custody/verified-source.ts';
import { walkChain, type ChainInput } from '../custody/walk-chain.ts';
import { parseImageConfig } from '../inspect/config.ts';
import { formatPlatform } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { EvidenceSource } from '../oci/evidence-source.ts';
import { matchesRepository } from '../oci/repository-pattern.ts';
import type { ProbeFact } from '../routines/facts/checks.ts';
import type { CustodyFacts } from '../routines/facts/evidence.ts';
import type { SignatureReport } from '../signing/evidence.ts';
import { verifyEvidence } from '../signing/verify-evidence.ts';
import { attestationFacts, type KnownAttestations } from './facts-of-attestations.ts';
import { checkedSignatures, type CheckedSignatures } from './facts-of-signatures.ts';
import { factsOfProbes } from './facts-of-probes.ts';
import { earliest, type Rules } from './rules-for.ts';

/** Everything that signed evidence says of an image, as plain data: it can be kept, and judged by later. */
export interface ImageEvidence extends CheckedSignatures {
  readonly report: SignatureReport;
  readonly attested: Omit<KnownAttestations, 'probes'>;
  /** what the probes found that are bound to the repository, by name; absent: none of them was run */
  readonly probes?: Readonly<Record<string, ProbeFact>>;
  /** absent: no custody layout is in force for the repository */
  readonly custody?: CustodyFacts;
  /** what the chain of custody rests on besides the image itself */
  readonly ancestors: readonly EvidenceItem[];
  /** SHA-256 of the keys that made any of it, hex, in order */
  readonly keyIds: readonly string[];
  /** RFC 3339: time alone may change it then; absent: it does not */
  readonly validUntil?: string;
}

/** What evidence is looked up for, and by what. */
export interface EvidenceQuestion {
  readonly repository: string;
  readonly digest: Digest;
  /** bytes of the config; left out for an index, and where there is none that could be read */
  readonly config?: Uint8Array;
  readonly rules: Rules;
  /** logical identity of the registry by whose judgement it is */
  readonly registry: string;
  readonly now: Date;
}

/** How a chain of custody is walked besides: none of it makes another chain complete but what was measured. */
export interface ChainWays extends Pick<ChainInput, 'measured' | 'memo'> {
  /** measures layers that were compressed anew; absent: none of them is taken */
  readonly measure?: ChainSource['measure'];
  /** Is told what the walk found, where there was one. */
  readonly onChain?: (report: CustodyReport) => void;
  /** Stands between the walk and its source, such as to remember what it reads. */
  readonly through?: (source: ChainSource) => ChainSource;
}

/**
 * Looks up and verifies all evidence of an image: signatures, attestations, and where a layout asks for it the chain of
 * custody. Registry, library and archive ask it alike, and come to the same.
 *
 * @param sourceOf where the evidence of the images of a repository lies; undefined: nowhere, an archive of docker save carries none
 * @throws whatever a source throws: a look-up that fails is not an answer
 */
export async function lookUpEvidence(
  { repository, digest, config, rules, registry, now }: EvidenceQuestion,
  sourceOf: (repository: string) => EvidenceSource | undefined,
  { measured, memo, measure, onChain, through = (same) => same }: ChainWays = {},
): Promise<ImageEvidence> {
  const own = sourceOf(repository) ?? noEvidence;
  const report = await verifyEvidence({ digest }, own, rules.trust, now);
  const platform = platformOf(config);
  const { probes: stated, ...attested } = attestationFacts(
    report,
    { digest, repository, registry, ...(platform === undefined ? {} : { platform }) },
    now,
  );
  const probes = factsOfProbes(stated, rules.probes);
  const walked =
    rules.custody &&
    (await walkChain({
      repository,
      digest,
      layout: rules.custody,
      ...stageOf(rules.custody, repository),
      now,
      source: through(verifiedChain((name) => sourceOf(name) ?? noEvidence, rules.trust, now, measure)),
      ...(measured && { measured }),
      ...(memo && { memo }),
    }));
  if (walked) onChain?.(walked);
  const validUntil = earliest(report.validUntil, attested.validUntil, walked?.validUntil);
  const signers = [...report.valid, ...report.statements.map(({ signer }) => signer)];
  return {
    ...checkedSignatures(digest, report, rules),
    attested,
    ...(probes && { probes }),
    ...(walked && { custody: custodyFacts(walked) }),
    ancestors: walked ? ancestorsOf(walked) : [],
    keyIds: [...new Set([...signers.map(({ keyId }) => keyId), ...(walked ? keysOf(walked) : [])])].sort(),
    ...(validUntil === undefined ? {} : { validUntil }),
  };
}

/** An image is of the last stage whose repositories it lies in; where it lies in none, the walk says so. */
function stageOf({ stages }: CustodyLayout, repository: string): { readonly stage?: string } {
  const stage = stages.findLast(({ repositories }) =>
    repositories.some((pattern) => matchesRepository(pattern, repository)),
  );
  return stage ? { stage: stage.name } : {};
}

function keysOf({ keyIds, children }: CustodyReport): string[] {
  return [...keyIds, ...children.flatMap(keysOf)];
}

function platformOf(config: Uint8Array | undefined): string | undefined {
  if (config === undefined) return undefined;
  try {
    return formatPlatform(parseImageConfig(config)) || undefined;
  } catch {
    return undefined; // no image config: then no approval is in force either
  }
}

const noEvidence: EvidenceSource = {
  manifest: () => Promise.resolve(undefined),
  referrers: () => Promise.resolve([]),
  blob: () => Promise.resolve(undefined),
};
