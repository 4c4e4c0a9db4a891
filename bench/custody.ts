/** `node bench/custody.ts`: what it costs to walk a chain of custody, with and without what was found out before. See README.md here. */
import { parseArgs } from 'node:util';
import type { Ancestry } from '@wharfinger/lib/custody/ancestry';
import type { ChainSource, StatementReport } from '@wharfinger/lib/custody/chain-source';
import {
  addImage,
  approve,
  emptyWorld,
  keyOf,
  link,
  now,
  registry,
  sourceOf,
  takeIn,
  trustSet,
  type Built,
  type LayerSpec,
  type World,
} from '@wharfinger/lib/custody/custody.fixtures';
import type { CustodyLayout, CustodyStage } from '@wharfinger/lib/custody/layout';
import { verifiedChain } from '@wharfinger/lib/custody/verified-source';
import { walkChain, type ChainInput } from '@wharfinger/lib/custody/walk-chain';
import type { TrustSet } from '@wharfinger/lib/signing/evidence';
import { median } from './table.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
    stages: { type: 'string', default: '5' },
  },
});
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);
const names = Array.from({ length: Number(options.stages) }, (_, index) => `stage-${index}`);

/** Each stage adds three layers, takes in what it builds on, and has two approvals. */
const layout: CustodyLayout = {
  name: 'bench',
  registry,
  stages: names.map((name, index): CustodyStage => ({
    name,
    repositories: [`${name}/*`],
    teams: [{ team: name, signers: [name] }],
    approvals: {
      needed: 2,
      roles: { security: ['ann'], release: ['ben'] },
      signers: ['ann', 'ben'],
      notByTheTeam: true,
    },
    kinds: [index === 0 ? 'origin' : 'extend'],
    intake: index > 0,
  })),
};

const trust: TrustSet = trustSet({
  signers: [...names, 'ann', 'ben'].map((name) => ({
    name,
    pem: keyOf(name).publicPem,
    purposes: ['stamp', 'intake'],
  })),
});

async function makeChain(world: World): Promise<Built> {
  let below: Built | undefined;
  const layers: LayerSpec[] = [];
  for (const name of names) {
    if (below !== undefined) takeIn(world, below, name);
    for (let layer = 0; layer < 3; layer += 1) layers.push({ content: `${name} ${layer}` });
    const env = Array.from({ length: 20 }, (_, index) => `VARIABLE_${index}=value`);
    const image = await addImage(world, `${name}/app`, { layers: [...layers], config: { Env: env } });
    below = link(world, image, name, name, below);
    approve(world, image, { stage: name, role: 'security', approver: 'ann' }, 'ann');
    approve(world, image, { stage: name, role: 'release', approver: 'ben' }, 'ben');
  }
  return below!;
}

const world = emptyWorld();
const { image } = await makeChain(world);
const source = verifiedChain((repository) => sourceOf(world, repository), trust, now);

/** Statements that were verified before. */
function remembered(asked: ChainSource): ChainSource {
  const known = new Map<string, Promise<StatementReport>>();
  return {
    ...asked,
    statements(repository, digest) {
      const key = `${repository}@${digest}`;
      const report = known.get(key) ?? asked.statements(repository, digest);
      known.set(key, report);
      return report;
    },
  };
}

const store = new Map<string, Ancestry>();
const memo: ChainInput['memo'] = {
  generation: '1',
  get: (key) => store.get(key),
  set: (key, value) => void store.set(key, value),
};
const input: ChainInput = { repository: image.repository, digest: image.digest, layout, now, source };
const verified = remembered(source);

const work: Readonly<Record<string, ChainInput>> = {
  'nothing known: every signature verified': input,
  'ancestors walked before': { ...input, memo },
  'statements verified before': { ...input, source: verified },
  both: { ...input, source: verified, memo },
};

const results = new Map<string, number[]>();
for (let round = 0; round < rounds; round += 1) {
  for (const [name, given] of Object.entries(work)) {
    const report = await walkChain(given);
    if (!report.complete) throw new Error(report.problems.map(({ message }) => message).join('\n'));
    let walks = 0;
    const begin = performance.now();
    while (performance.now() - begin < seconds * 1000) {
      await walkChain(given);
      walks += 1;
    }
    results.set(name, [...(results.get(name) ?? []), (performance.now() - begin) / walks]);
  }
}
const signatures = [...world.attached.values()].reduce((sum, listed) => sum + listed.length, 0);
console.log(
  `A chain of ${names.length} stages, ${image.layers.length} layers, ${signatures} signed statements; one walk takes:`,
);
for (const [name, values] of results) console.log(`  ${name.padEnd(42)} ${median(values)!.toFixed(2)} ms`);
