/** `node bench/routines.ts`: what it costs to judge an image by all routines of the standard collection. See README.md here. */
import { parseArgs } from 'node:util';
import { strictestDefaults } from '@wharfinger/lib/routines/default-bindings';
import { effectiveBindings } from '@wharfinger/lib/routines/effective-bindings';
import { factsFromFragment } from '@wharfinger/lib/routines/fact-fragment';
import type { Facts } from '@wharfinger/lib/routines/facts';
import { judge } from '@wharfinger/lib/routines/judge';
import type { BindingRecord, Waiver } from '@wharfinger/lib/routines/records';
import { bindAll } from '@wharfinger/lib/routines/replay';
import { loadStandardCollection } from '@wharfinger/lib/routines/standard';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '1' } },
});
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);
const now = new Date('2026-01-01T00:00:00Z');
const standard = loadStandardCollection();

/** An image as they are: a Debian base, an application with its packages, some findings, signed and attested. */
function makeFacts(mark: number): Facts {
  const severities = ['low', 'medium', 'high', 'critical', 'unscored'];
  return factsFromFragment({
    image: {
      digest: `sha256:${String(mark).padStart(64, '0')}`,
      layers: Array.from({ length: 12 }, () => ({})),
      config: {
        env: Array.from({ length: 20 }, (_, index) => `VARIABLE_${index}=/usr/local/share/value-${index}`),
        labels: Object.fromEntries(
          Array.from({ length: 15 }, (_, index) => [`org.example.l${index}`, 'value']),
        ),
        exposedPorts: ['8080/tcp'],
      },
    },
    inventory: {
      packages: Array.from({ length: 700 }, (_, index) => ({
        name: `package-${index}`,
        type: index < 120 ? 'deb' : 'npm',
        purl: `pkg:npm/package-${index}@1.0.0`,
        ...(index >= 120 && { licence: index % 3 === 0 ? 'MIT OR Apache-2.0' : 'MIT' }),
      })),
    },
    findings: Array.from({ length: 150 }, (_, index) => ({
      advisory: `CVE-2025-${index}`,
      package: `package-${index}`,
      severity: severities[index % severities.length],
      since: '2025-12-20T00:00:00Z',
      ...(index % 4 === 0 && { fixedIn: '2.0.0' }),
    })),
    signatures: { trustedKeys: ['release'], valid: [{}], signers: ['release'], principals: ['release'] },
    attestations: { valid: [{}], provenance: [{}], sboms: [{}], approvals: [{}] },
    custody: {
      stages: [{}, {}],
      layers: Array.from({ length: 12 }, (_, index) => ({ index, team: 'platform' })),
    },
  });
}

const repository = makeFacts(0).repository!;
const records: readonly BindingRecord[] = bindAll(standard, undefined, 'hold');
const windowed = records.map((record): BindingRecord => ({
  ...record,
  window: {
    weekly: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '00:00', until: '23:00' }],
    zone: 'Europe/Berlin',
  },
}));
const waivers = Array.from({ length: 20 }, (_, index): Waiver => ({
  id: `waiver-${index}`,
  routine: 'no-fixable-vulnerabilities',
  scope: { repositories: ['team/*'] },
  advisories: [`CVE-2025-${index * 4}`],
  owner: 'alice',
  reason: 'not reachable',
  from: '2025-12-01T00:00:00Z',
  expires: '2026-06-01T00:00:00Z',
}));
const all = effectiveBindings(records, repository, [standard], 'pull', now).bindings;
const byGate = effectiveBindings(
  strictestDefaults(standard.name),
  repository,
  [standard],
  'pull',
  now,
).bindings;
const resolve = (of: readonly BindingRecord[]) => effectiveBindings(of, repository, [standard], 'pull', now);

/** Facts are made outside of what is measured; their conversion, once per image, is inside. */
const work: ReadonlyArray<readonly [name: string, run: (facts: Facts) => unknown]> = [
  ['verdict by the default bindings', (facts) => judge(facts, byGate, 'pull', now)],
  [`verdict by all ${standard.routines.length} routines`, (facts) => judge(facts, all, 'pull', now)],
  ['the same with 20 waivers', (facts) => judge(facts, all, 'pull', now, { waivers, grants: [] })],
  ['the same image again', () => judge(same, all, 'pull', now)],
  [`finding ${records.length} bindings`, () => resolve(records)],
  [`finding ${records.length} bindings with weekly hours`, () => resolve(windowed)],
];
const same = makeFacts(1);

for (const [name, run] of work) {
  const rates = Array.from({ length: rounds }, () => measure(run)).sort((a, b) => a - b);
  const median = rates[Math.floor(rates.length / 2)]!;
  const each = 1000 / median;
  console.log(`${name.padEnd(45)} ${each.toFixed(3).padStart(8)} ms  ${Math.round(median)}/s`);
}

/** Runs per second. */
function measure(run: (facts: Facts) => unknown): number {
  let spent = 0;
  let runs = 0;
  while (spent < seconds * 1000) {
    const facts = makeFacts(runs);
    const begin = performance.now();
    run(facts);
    spent += performance.now() - begin;
    runs += 1;
  }
  return (runs / spent) * 1000;
}
