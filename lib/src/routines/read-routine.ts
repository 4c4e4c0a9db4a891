import { compileRoutine } from './compiled-routine.ts';
import { checkFragment } from './fact-fragment.ts';
import { subjectKinds } from './facts.ts';
import { mistakeInValue, mistakesInParameters } from './parameter.ts';
import type { Path, PlainCheck } from './plain-check.ts';
import type {
  Need,
  ParameterDeclaration,
  ParameterValues,
  Routine,
  RoutineTest,
  Tightening,
} from './routine.ts';
import { parseTime } from './time.ts';

const needs: readonly Need[] = [
  'kind',
  'config',
  'inventory',
  'findings',
  'advisories',
  'signatures',
  'attestations',
  'custody',
  'probes',
  'scanners',
  'repository',
];
const name = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const variableName = /^[a-z][a-zA-Z0-9]*$/;
const known = [
  'name',
  'title',
  'description',
  'appliesTo',
  'needs',
  'parameters',
  'variables',
  'expression',
  'message',
  'details',
  'remedy',
  'validUntil',
  'tests',
];

/** Reads one routine of a collection file; what is wrong with it is told to `check`. */
export function readRoutine(value: unknown, path: Path, check: PlainCheck): Routine {
  const fields = check.fields(value, path, known);
  const at = (...more: Path): Path => [...path, ...more];
  const optionalText = (field: string): string | undefined =>
    fields[field] === undefined ? undefined : check.text(fields[field], at(field), 4096);
  const details = optionalText('details');
  const validUntil = optionalText('validUntil');
  const parameters = readParameters(fields['parameters'] ?? {}, at('parameters'), check);
  const routine: Routine = {
    name: check.text(fields['name'], at('name'), 100),
    title: check.text(fields['title'], at('title'), 200),
    description: check.text(fields['description'], at('description'), 4000),
    appliesTo: check
      .list(fields['appliesTo'] ?? ['image'], at('appliesTo'), subjectKinds.length)
      .map((kind, index) => check.choice(kind, at('appliesTo', index), subjectKinds)),
    needs: check
      .list(fields['needs'] ?? [], at('needs'), needs.length)
      .map((need, index) => check.choice(need, at('needs', index), needs)),
    parameters,
    variables: Object.fromEntries(
      check.entries(fields['variables'] ?? {}, at('variables')).map(([variable, text]) => {
        if (!variableName.test(variable))
          check.fail(at('variables', variable), 'must be a name such as newestFix');
        return [variable, check.text(text, at('variables', variable), 4096)];
      }),
    ),
    expression: check.text(fields['expression'], at('expression'), 4096),
    message: check.text(fields['message'], at('message'), 4096),
    ...(details === undefined ? {} : { details }),
    remedy: check.text(fields['remedy'], at('remedy'), 1000),
    ...(validUntil === undefined ? {} : { validUntil }),
    tests: check
      .list(fields['tests'] ?? [], at('tests'), 200)
      .map((test, index) => readTest(test, at('tests', index), parameters, check)),
  };
  if (routine.name !== '' && !name.test(routine.name))
    check.fail(at('name'), 'must be lower-case words joined by -, such as no-setuid-files');
  if (validUntil === undefined && dependsOnTime(routine))
    check.fail(at('validUntil'), 'is missing: the result depends on now, so it must say when it may change');
  if (routine.appliesTo.length === 0) check.fail(at('appliesTo'), 'must name at least one kind');
  const compilation = compileRoutine(routine);
  if ('faults' in compilation)
    for (const fault of compilation.faults) {
      const text = fault.path.length > 1 ? routine.variables[fault.path[1]!] : fields[fault.path[0]!];
      if (text !== undefined && text !== '') check.fail(at(...fault.path), fault.what);
    }
  return routine;
}

/** A verdict is made again when its time has come; one that depends on time without saying when would stay for ever. */
function dependsOnTime({ expression, variables }: Routine): boolean {
  return [expression, ...Object.values(variables)].some((text) =>
    /\bnow\b/.test(text.replaceAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '')),
  );
}

function readParameters(value: unknown, path: Path, check: PlainCheck): Routine['parameters'] {
  return Object.fromEntries(
    check.entries(value, path).map(([parameter, declaration]) => {
      const at = [...path, parameter];
      if (!variableName.test(parameter)) check.fail(at, 'must be a name such as minimumKeys');
      return [parameter, readParameter(declaration, at, check)];
    }),
  );
}

function readParameter(value: unknown, path: Path, check: PlainCheck): ParameterDeclaration {
  const kinds = ['string', 'integer', 'days', 'boolean', 'strings'] as const;
  const fields = check.fields(value, path, [
    'type',
    'description',
    'default',
    'choices',
    'minimum',
    'maximum',
    'tightens',
  ]);
  const type = check.choice(fields['type'], [...path, 'type'], kinds);
  const belongs: Readonly<Record<string, boolean>> = {
    choices: type === 'string',
    minimum: type === 'integer' || type === 'days',
    maximum: type === 'integer' || type === 'days',
  };
  const bounds: Record<string, unknown> = {};
  for (const [bound, fits] of Object.entries(belongs)) {
    const given = fields[bound];
    if (given === undefined) continue;
    if (!fits) check.fail([...path, bound], `does not go with the type ${type}`);
    else if (bound === 'choices')
      bounds[bound] = check
        .list(given, [...path, bound], 100)
        .map((choice, index) => check.text(choice, [...path, bound, index], 100));
    else if (!Number.isSafeInteger(given)) check.fail([...path, bound], 'must be a whole number');
    else bounds[bound] = given;
  }
  const tightens = readTightening(fields, type, path, check);
  const declaration = {
    type,
    description: check.text(fields['description'], [...path, 'description'], 1000),
    ...(tightens && { tightens }),
    ...bounds,
    default: fields['default'],
  } as ParameterDeclaration;
  const mistake = mistakeInValue(declaration.default, declaration);
  if (mistake !== undefined) check.fail([...path, 'default'], mistake);
  return declaration;
}

/** Which way makes the routine stricter: up or down where there is an order, more or fewer for lists. */
function readTightening(
  fields: Readonly<Record<string, unknown>>,
  type: ParameterDeclaration['type'],
  path: Path,
  check: PlainCheck,
): Tightening | undefined {
  if (fields['tightens'] === undefined) return undefined;
  const at = [...path, 'tightens'];
  if (type === 'strings') return check.choice(fields['tightens'], at, ['more', 'fewer'] as const);
  if (type === 'string' && fields['choices'] === undefined)
    check.fail(at, 'needs choices, which say what comes before what');
  return check.choice(fields['tightens'], at, ['up', 'down'] as const);
}

function readTest(
  value: unknown,
  path: Path,
  declarations: Routine['parameters'],
  check: PlainCheck,
): RoutineTest {
  const fields = check.fields(value, path, ['name', 'facts', 'parameters', 'now', 'expect', 'message']);
  const at = (...more: Path): Path => [...path, ...more];
  const now = check.text(fields['now'] ?? defaultNow, at('now'), 40);
  if (parseTime(now) === undefined) check.fail(at('now'), `must be a time such as ${defaultNow}`);
  const parameters = Object.fromEntries(
    check.entries(fields['parameters'] ?? {}, at('parameters')),
  ) as ParameterValues;
  for (const mistake of mistakesInParameters(parameters, declarations)) check.fail(at('parameters'), mistake);
  checkFragment(fields['facts'] ?? {}, at('facts'), check);
  return {
    name: check.text(fields['name'], at('name'), 200),
    facts: (fields['facts'] ?? {}) as RoutineTest['facts'],
    parameters,
    now,
    expect: check.choice(fields['expect'], at('expect'), ['pass', 'fail', 'undecided', 'skipped'] as const),
    ...(fields['message'] === undefined
      ? {}
      : { message: check.text(fields['message'], at('message'), 1000) }),
  };
}

/** The time that tests are evaluated for where they name none. */
const defaultNow = '2026-01-01T00:00:00Z';
