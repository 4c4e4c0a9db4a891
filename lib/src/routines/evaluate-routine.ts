import { isCelList, isCelMap, type CelValue } from '@bufbuild/cel';
import { isReflectMessage } from '@bufbuild/protobuf/reflect';
import { timestampMs, TimestampSchema, type Timestamp } from '@bufbuild/protobuf/wkt';
import { compileRoutine, type CompiledRoutine } from './compiled-routine.ts';
import { printable } from './printable.ts';
import { addLazily, evaluate } from './expression.ts';
import type { PlannedExpression, Variables } from './expression-plan.ts';
import { elementsOf } from './quick-list.ts';
import { valueOfNow, valueOfParameters, variablesOfFacts } from './fact-values.ts';
import { subjectKinds, type Facts } from './facts.ts';
import { completeParameters, mistakesInParameters } from './parameter.ts';
import type { Need, ParameterValues, Routine } from './routine.ts';

/** What one routine says of one image. */
export type RoutineResult = { readonly validUntil?: string } & (
  | { readonly state: 'passed' | 'skipped' }
  | {
      readonly state: 'failed' | 'undecided';
      readonly message: string;
      readonly details: readonly string[];
      readonly more: number;
      readonly remedy: string;
    }
);

const longestMessage = 400;
const longestDetail = 300;

/** What is said where a fact is not known yet. */
const unknown: Readonly<Record<Need, string>> = {
  kind: 'not checked yet: nothing has looked into its layers',
  inventory: 'not checked yet: its layers have not been inspected',
  findings: 'not checked yet: its packages have not been compared with the advisories',
  advisories: 'not checked yet: its packages have not been compared with the advisories',
  signatures: 'not checked yet: its signatures have not been looked up',
  config: 'its image configuration is missing or could not be read',
  attestations: 'not checked yet: its attestations have not been looked up',
  custody: 'no chain of custody is known: no custody layout is in force here, or it was not walked yet',
  probes: 'no probe was run on it',
  scanners:
    'no report of a scanner is known: none is bound to its repository, or it is judged away from the registry',
  repository: 'it is judged outside of a registry, so that nothing is known of its repository',
};

/**
 * Evaluates one routine. Pure, deterministic, never throws: passed is only what gave true, and all that went wrong on
 * the way is undecided.
 */
export function evaluateRoutine(
  routine: Routine,
  parameters: ParameterValues,
  facts: Facts,
  now: Date,
): RoutineResult {
  const settled = settledResult(routine, parameters, facts);
  if (settled) return settled;
  const checked = checkedParameters(routine, parameters);
  if ('mistakes' in checked)
    return undecided(checked.mistakes.join('; '), 'correct the parameters where the routine is bound');
  const compilation = compileRoutine(routine);
  if ('faults' in compilation) {
    const faults = compilation.faults.map((fault) => `${fault.path.join('.')}: ${fault.what}`);
    return undecided(`the routine is not valid: ${faults.join('; ')}`, 'correct the routine');
  }
  const variables = addLazily(
    {
      ...variablesOfFacts(facts),
      params: checked.params,
      now: valueOfNow(now),
    },
    compilation.routine.variables,
  );
  return run(compilation.routine, routine, variables, now);
}

/**
 * What a routine says whatever the time, without its expression: that it is not about such an image, or that a fact is not known
 * which it needs. Undefined: it is to be evaluated.
 */
export function settledResult(
  routine: Routine,
  parameters: ParameterValues,
  facts: Facts,
): RoutineResult | undefined {
  const appliesToAll = subjectKinds.every((kind) => routine.appliesTo.includes(kind));
  const { kind } = facts.image;
  if (kind !== undefined && !routine.appliesTo.includes(kind)) return { state: 'skipped' };
  const needs: readonly Need[] = appliesToAll ? routine.needs : ['kind', ...routine.needs];
  const absent = needs.find((need) => !isKnown(facts, need));
  for (const kind of ['probes', 'scanners'] as const) {
    const lacking = needs.includes(kind) ? absentOf(kind, routine, parameters, facts) : undefined;
    if (lacking !== undefined) return undecided(lacking, named[kind].remedy);
  }
  if (absent === 'config') return undecided(unknown.config, 'push the image again, with its configuration');
  return absent && undecided(unknown[absent], 'wait until the image has been checked, then try again');
}

type Checked = { readonly params: CelValue } | { readonly mistakes: readonly string[] };

const checks = new WeakMap<Routine, WeakMap<ParameterValues, Checked>>();

/** The parameters that a routine sees: one value for all images, by which expressions know that nothing else was asked. */
function checkedParameters(routine: Routine, parameters: ParameterValues): Checked {
  let known = checks.get(routine);
  if (!known) checks.set(routine, (known = new WeakMap()));
  let checked = known.get(parameters);
  if (!checked) {
    const mistakes = mistakesInParameters(parameters, routine.parameters);
    const values = completeParameters(parameters, routine.parameters);
    checked = mistakes.length > 0 ? { mistakes } : { params: valueOfParameters(values, routine.parameters) };
    known.set(parameters, checked);
  }
  return checked;
}

/** Facts by the names of who made them, of which a routine asks for one by a parameter. */
const named = {
  probes: {
    parameter: 'probe',
    absent: (name: string) => `not checked yet: the probe ${name} was not run on it`,
    remedy:
      'have the registry run the probe (probes in its configuration: an engine, and the probe for this repository), or run it with wharf probe run --key',
  },
  scanners: {
    parameter: 'scanner',
    absent: (name: string) => `not checked yet: the scanner ${name} has not reported on it`,
    remedy:
      'wait until the scanner has answered; if it does not, look at wharf scanner list, and at whether the scanner is configured for this repository',
  },
} as const;

/** What is said where nothing is known of the one that a routine asks for by its parameter; undefined: it is known. */
function absentOf(
  kind: keyof typeof named,
  { parameters: declared }: Routine,
  parameters: ParameterValues,
  facts: Facts,
): string | undefined {
  const known = Object.entries(facts[kind] ?? {})
    .filter(([, one]) => !('state' in one) || one.state !== 'none')
    .map(([name]) => name);
  const { parameter, absent } = named[kind];
  const name = parameters[parameter] ?? declared[parameter]?.default;
  if (typeof name !== 'string') return known.length > 0 ? undefined : unknown[kind];
  if (name === '') return `the parameter ${parameter} names no ${parameter}`;
  if (kind === 'scanners' && facts.scanners === undefined) return unknown.scanners;
  return known.includes(name) ? undefined : absent(name);
}

function run(compiled: CompiledRoutine, routine: Routine, variables: Variables, now: Date): RoutineResult {
  const passed = evaluate(compiled.expression, variables);
  if (!passed.ok) return undecided(`the routine could not be evaluated: ${passed.error}`, routine.remedy);
  if (typeof passed.value !== 'boolean')
    return undecided('the routine gave something that is neither true nor false', 'correct the routine');
  const until = earliestAfter(compiled.validUntil, variables, now);
  if ('mistake' in until)
    return undecided(
      `the routine could not tell how long its result holds: ${until.mistake}`,
      'correct the routine',
    );
  const validUntil = until.time === undefined ? {} : { validUntil: until.time };
  if (passed.value) return { state: 'passed', ...validUntil };
  const message = evaluate(compiled.message, variables);
  const details = compiled.details && evaluate(compiled.details, variables);
  const lines = details?.ok ? textsOf(details.value) : { shown: [], more: 0 };
  return {
    state: 'failed',
    message: printable(
      message.ok && typeof message.value === 'string' ? message.value : `does not pass: ${routine.title}`,
      longestMessage,
    ),
    details: lines.shown,
    more: lines.more,
    remedy: routine.remedy,
    ...validUntil,
  };
}

function undecided(message: string, remedy: string): RoutineResult {
  return { state: 'undecided', message: printable(message, longestMessage), details: [], more: 0, remedy };
}

function isKnown(facts: Facts, need: Need): boolean {
  if (need === 'kind' || need === 'config') return facts.image[need] !== undefined;
  return facts[need] !== undefined;
}

/** Of a sample of details. */
function textsOf(sample: CelValue): { readonly shown: readonly string[]; readonly more: number } {
  const list = isCelMap(sample) ? sample.get('shown') : undefined;
  const total = isCelMap(sample) ? sample.get('total') : undefined;
  if (!isCelList(list) || typeof total !== 'bigint') return { shown: [], more: 0 };
  const shown = [...elementsOf(list)].map((value) =>
    printable(typeof value === 'string' ? value : '(not a text)', longestDetail),
  );
  return { shown, more: Number(total) - shown.length };
}

function earliestAfter(
  expression: PlannedExpression | undefined,
  variables: Variables,
  now: Date,
): { readonly time?: string } | { readonly mistake: string } {
  if (expression === undefined) return {};
  const times = evaluate(expression, variables);
  if (!times.ok) return { mistake: times.error };
  if (!isCelList(times.value)) return { mistake: 'it is not a list of times' };
  let earliest = Number.POSITIVE_INFINITY;
  for (const time of elementsOf(times.value)) {
    if (typeof time !== 'object' || !isReflectMessage(time, TimestampSchema))
      return { mistake: 'it is not a list of times' };
    const ms = timestampMs(time.message as Timestamp);
    if (ms > now.getTime() && ms < earliest) earliest = ms;
  }
  return earliest === Number.POSITIVE_INFINITY ? {} : { time: new Date(earliest).toISOString() };
}
