import { readFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { WharfingerError } from '@wharfinger/lib/errors';
import { mistakesInBindings } from '@wharfinger/lib/routines/check-bindings';
import { formatPath } from '@wharfinger/lib/routines/plain-check';
import { parseBinding } from '@wharfinger/lib/routines/read-records';
import type { BindingRecord } from '@wharfinger/lib/routines/records';
import { bindAll, replayPull, type ProposedRules, type ReplayEffect } from '@wharfinger/lib/routines/replay';
import type { Collection } from '@wharfinger/lib/routines/routine';
import { loadStandardCollection } from '@wharfinger/lib/routines/standard';
import { effects, type Effect } from '@wharfinger/lib/routines/verdict';
import { readYaml } from '@wharfinger/lib/routines/yaml-text';
import { requireServer } from '../../api-client.ts';
import { readCollectionFile } from '../../collection-argument.ts';
import { count, displayable, shortDigest, type Style } from '../../display.ts';
import { exitCodes, type ExitCode } from '../../exit-codes.ts';
import { factsOfPull, recordedPulls, type RecordedPull } from '../../recorded-pulls.ts';
import { parseHost } from '../../repository-argument.ts';
import type { Run, Session } from '../../session.ts';

interface Options {
  readonly server: string;
  readonly since: string;
  readonly repository?: string;
  readonly routine?: readonly string[];
  readonly effect: Effect;
  readonly bindings?: string;
  readonly most: string;
}

/** One image that would have fared otherwise. */
interface Line {
  readonly repository: string;
  readonly digest: string;
  readonly effect: ReplayEffect;
  readonly pulls: number;
  readonly by: readonly string[];
  readonly last: string;
  readonly reasons: readonly string[];
}

export function addRoutineReplay(group: Command, run: Run): void {
  group
    .command('replay')
    .summary('try routines against what was pulled from a registry')
    .description(
      'Judges what was pulled from a Wharfinger registry by routines that are not bound yet, and shows what they would have refused, to ' +
        'whom. Each image is judged once, as for the time of its last pull, with the facts that are known today, by these routines ' +
        'alone. Needs the rights of an administrator.',
    )
    .argument('<file>', 'collection (YAML)')
    .option('--server <host>', 'host[:port] of the registry', 'localhost:5000')
    .option('--since <when>', 'days such as 30d, or a time (RFC 3339)', '30d')
    .option('--repository <name>', 'pulls of this repository only')
    .option('--routine <name...>', 'these routines only (default: all of the collection)')
    .addOption(new Option('--effect <effect>', 'effect of each routine').choices(effects).default('hold'))
    .option('--bindings <file>', 'bindings (YAML or JSON list) in place of --routine and --effect')
    .option('--most <number>', 'at most so many images', '1000')
    .addHelpText(
      'after',
      '\nExample:\n  wharf routine replay payments.yaml --server localhost:5000 --since 30d --effect deny',
    )
    .action(run(replay));
}

async function replay(session: Session, options: Options, file: string): Promise<ExitCode> {
  const rules = await proposedRules(await readCollectionFile(file), options);
  const most = Number(options.most);
  if (!Number.isSafeInteger(most) || most < 1)
    throw new WharfingerError('USAGE', { what: `--most ${options.most} is not a positive whole number` });
  const since = timeOf(options.since, session.now());
  const server = await requireServer(parseHost(options.server), session);
  const { pulls, complete } = await recordedPulls(server, since, most, options.repository);
  const lines: Line[] = [];
  const progress = session.progress();
  const without = { gone: 0, withheld: 0 };
  for (const [index, pull] of pulls.entries()) {
    progress.update(`judging image ${index + 1} of ${pulls.length}`);
    const facts = await factsOfPull(server, pull);
    if (typeof facts === 'string') without[facts] += 1;
    else lines.push(lineOf(pull, replayPull({ ...pull, at: pull.last, facts }, rules, 'pull')));
  }
  progress.end();
  const different = lines.filter(({ effect }) => effect !== 'same');
  const result = { since: since.toISOString(), images: lines.length, ...without, complete, different };
  session.result(result, () => replayText(result, session.style));
  return exitCodes.done;
}

function lineOf(pull: RecordedPull, { effect, verdict }: ReturnType<typeof replayPull>): Line {
  return {
    repository: pull.repository,
    digest: pull.digest,
    effect,
    pulls: pull.served + pull.refused,
    by: [...pull.by].sort(),
    last: pull.last.toISOString(),
    reasons: verdict.reasons.map((reason) => `${reason.effect}: ${reason.message} (${reason.routine})`),
  };
}

async function proposedRules(collection: Collection, options: Options): Promise<ProposedRules> {
  const standard = loadStandardCollection();
  const collections = collection.name === standard.name ? [collection] : [standard, collection];
  const { routine: names } = options;
  const unknown = (names ?? []).filter((name) => !collection.routines.some((one) => one.name === name));
  if (unknown.length > 0)
    throw new WharfingerError('USAGE', {
      what: `the collection ${collection.name} has no routine ${unknown.join(', ')}`,
      remedy: `name some of ${collection.routines.map(({ name }) => name).join(', ')}`,
    });
  const bindings =
    options.bindings === undefined
      ? bindAll(collection, names, options.effect)
      : await readBindings(options.bindings);
  const mistakes = mistakesInBindings(bindings, collections);
  if (mistakes.length === 0) return { bindings, collections };
  throw new WharfingerError('BINDING_INVALID', {
    what: mistakes.map(({ path, what }) => `${formatPath(path)} ${what}`).join('\n'),
  });
}

async function readBindings(file: string): Promise<readonly BindingRecord[]> {
  const { value } = readYaml(await readFile(file, 'utf8'), (what) => {
    throw new WharfingerError('BINDING_INVALID', { what: `${file}: ${what}` });
  });
  if (!Array.isArray(value))
    throw new WharfingerError('BINDING_INVALID', { what: `${file} is not a list of bindings` });
  return value.map(parseBinding);
}

const day = 86_400_000;

function timeOf(text: string, now: Date): Date {
  const days = /^(\d{1,4})d$/.exec(text)?.[1];
  const time = days === undefined ? new Date(text) : new Date(now.getTime() - Number(days) * day);
  if (!Number.isNaN(time.getTime())) return time;
  throw new WharfingerError('USAGE', {
    what: `--since ${text} is not a time`,
    remedy: 'write a number of days such as 30d, or a time such as 2026-11-01',
  });
}

const titles: ReadonlyArray<readonly [ReplayEffect, string]> = [
  ['refuses', 'would have been refused'],
  ['warns', 'would have been served with a warning'],
  ['serves', 'was refused, and would have been served by these routines alone'],
];

function replayText(
  result: {
    readonly since: string;
    readonly images: number;
    readonly gone: number;
    readonly withheld: number;
    readonly complete: boolean;
    readonly different: readonly Line[];
  },
  style: Style,
): string {
  const { since, images, gone, withheld, complete, different } = result;
  const lines = [
    `${count(images, 'image')} pulled since ${since}, ${different.length} of them would have fared otherwise.`,
    ...(gone > 0 ? [`${count(gone, 'image')} more cannot be judged: not in the registry any more.`] : []),
    ...(withheld > 0
      ? [`${count(withheld, 'image')} more cannot be judged: held now, and you may not read it all the same.`]
      : []),
    ...(complete ? [] : ['There are more pulls, which were not looked at; see --most and --since.']),
  ];
  for (const [effect, title] of titles) {
    const some = different.filter((line) => line.effect === effect);
    if (some.length === 0) continue;
    lines.push('', style.bold(`${title}:`));
    for (const line of some) {
      const who = `pulled ${count(line.pulls, 'time')} by ${line.by.join(', ')}, last at ${line.last}`;
      lines.push(
        displayable(`  ${line.repository}@${shortDigest(line.digest)}  ${who}`),
        ...line.reasons.map((reason) => displayable(`    ${reason}`)),
      );
    }
  }
  return lines.join('\n');
}
