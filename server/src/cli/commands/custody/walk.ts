import type { CustodyFile } from '@wharfinger/lib/assess/custody-file';
import type { ChainSource } from '@wharfinger/lib/custody/chain-source';
import type { CustodyStage } from '@wharfinger/lib/custody/layout';
import type { CustodyReport } from '@wharfinger/lib/custody/report';
import { walkChain } from '@wharfinger/lib/custody/walk-chain';
import { WharfingerError } from '@wharfinger/lib/errors';
import { matchesRepository } from '@wharfinger/lib/oci/repository-pattern';
import type { OpenChain } from './open-chain.ts';

/**
 * Walks an image as one of the first of these stages in which it is complete, else of the first that it may be of.
 * @throws WharfingerError USAGE: images of none of them lie in its repository; what walking a chain has
 */
export async function walkAnyStage(
  { layout }: CustodyFile,
  stages: readonly CustodyStage[],
  { repository, subject }: OpenChain,
  source: ChainSource,
  now: Date,
): Promise<CustodyReport> {
  const possible = stages.filter(({ repositories }) =>
    repositories.some((pattern) => matchesRepository(pattern, repository)),
  );
  let first: CustodyReport | undefined;
  for (const { name } of possible) {
    const report = await walkChain({ repository, digest: subject.digest, layout, stage: name, now, source });
    if (report.complete) return report;
    first ??= report;
  }
  if (first !== undefined) return first;
  const names = stages.map(({ name }) => name).join(' or ');
  throw new WharfingerError('USAGE', {
    what:
      stages.length === 0
        ? 'the stage is a first one, which builds on nothing'
        : `${repository} is no repository of stage ${names}`,
    remedy: 'give the image that the stage may build on',
  });
}
