import { expect, test } from 'vitest';
import { predicateTypes } from '../oci/wharfinger-names.ts';
import type { TrustSet } from '../signing/evidence.ts';
import { registryItself } from '../signing/trusted-signers.ts';
import { verifyEvidence } from '../signing/verify-evidence.ts';
import {
  approve,
  attach,
  codesOf,
  hour,
  keyOf,
  layout,
  makeChain,
  now,
  registry,
  revoked,
  sourceOf,
  trustSet,
  walk,
  type Chain,
} from './custody.fixtures.ts';
import { makeChainSummary } from './make/make-summary.ts';
import { compareSummaries, registrySummaries, type ComparedSummary } from './registry-summaries.ts';

/** Whom the tests trust, and the registry itself besides. */
function knowing(change: Partial<TrustSet> = {}): TrustSet {
  const trust = trustSet(change);
  return { ...trust, signers: [...trust.signers, registryItself(registry, keyOf('registry-key').publicPem)] };
}

/** Has the registry say that the chain of the app is complete. */
async function summarise({ world, app }: Chain, key = 'registry-key', at = now): Promise<object> {
  const report = await walk(world, app.image);
  const predicate = makeChainSummary({ report, registry, verifier: registry, now: at });
  attach(world, app.image, { predicateType: predicateTypes.verificationSummary, predicate }, key);
  return predicate;
}

async function compared(
  { world, app }: Chain,
  change: Parameters<typeof walk>[2] = {},
): Promise<readonly ComparedSummary[]> {
  const trust = change.trust ?? knowing();
  const report = await walk(world, app.image, { ...change, trust });
  const { digest, repository } = app.image;
  const { statements } = await verifyEvidence({ digest }, sourceOf(world, repository), trust, now);
  return compareSummaries(report, registry, statements);
}

test('of a registry is of the chain as it is, until anything about it is another', async () => {
  const chain = await makeChain();
  await summarise(chain);
  expect(await compared(chain)).toEqual([
    expect.objectContaining({ by: registry, timeVerified: '2026-11-22T12:00:00Z', state: 'same' }),
  ]);
  const states = async (change: Parameters<typeof walk>[2]) =>
    (await compared(chain, change)).map(({ state }) => state);
  expect(await states({ trust: knowing({ revocations: [revoked('node-key')] }) })).toEqual(['other']);
  expect(await states({ layout: { ...layout, name: 'another' } })).toEqual(['other']);
  const approval = { stage: 'app', role: 'security', approver: 'carol' };
  approve(chain.world, chain.app.image, approval, 'carol-key');
  expect(await states({})).toEqual(['other']);
});

test('are told with their times, the latest first, and only those of the registry', async () => {
  const chain = await makeChain();
  await summarise(chain, 'registry-key', new Date(now.getTime() - hour));
  await summarise(chain);
  await summarise(chain, 'app-key');
  await summarise(chain, 'stranger-key');
  const times = (await compared(chain)).map(({ timeVerified }) => timeVerified);
  expect(times).toEqual(['2026-11-22T12:00:00Z', '2026-11-22T11:00:00Z']);
});

test('change nothing of a chain, whoever signs them', async () => {
  const chain = await makeChain();
  const { app, world } = chain;
  const before = await walk(world, app.image, { trust: knowing() });
  await summarise(chain);
  await summarise(chain, 'app-key');
  expect(await walk(world, app.image, { trust: knowing() })).toEqual(before);
});

test('of another form than a summary of a chain is none', async () => {
  const chain = await makeChain();
  for (const predicate of [{}, 'text', { ...(await summarise(chain)), verifiedLevels: [] }])
    attach(
      chain.world,
      chain.app.image,
      { predicateType: predicateTypes.verificationSummary, predicate: predicate as object },
      'registry-key',
    );
  const { digest, repository } = chain.app.image;
  const { statements } = await verifyEvidence({ digest }, sourceOf(chain.world, repository), knowing(), now);
  expect(registrySummaries(statements)).toHaveLength(1);
  expect(codesOf(await walk(chain.world, chain.app.image, { trust: knowing() }))).toEqual([]);
});
