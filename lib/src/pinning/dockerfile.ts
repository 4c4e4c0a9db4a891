import {
  DockerfileParser,
  type Arg,
  type Copy,
  type From,
  type Instruction,
  type Onbuild,
  type Run,
} from 'dockerfile-ast';
import { WharfingerError } from '../errors.ts';
import { expandVariables, variablesIn, type Variables } from './dockerfile-variables.ts';
import { imageUse, type ImageUse, type TextRange } from './image-use.ts';

const longestText = 1024 * 1024;
const wholeVariable = /^\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})$/;

interface Scope {
  readonly text: string;
  /** offset of the begin of each line */
  readonly lines: readonly number[];
  readonly variables: Variables;
  /** where the default of an ARG stands, if it is a plain text */
  readonly defaults: ReadonlyMap<string, TextRange>;
  /** names of stages so far, in lower case */
  readonly stages: Set<string>;
  stageCount: number;
}

/**
 * Images of a Dockerfile: FROM, COPY --from and RUN --mount=from, also behind ONBUILD, but for those that name a stage. ARGs
 * before the first FROM are resolved by their defaults; where FROM names nothing but an ARG, its default is what is pinned.
 *
 * @throws WharfingerError PIN_REFUSED where there is no FROM
 */
export function* dockerfileImages(text: string): Generator<ImageUse> {
  if (text.length > longestText) {
    throw new WharfingerError('PIN_REFUSED', { what: `it has more than ${longestText} characters` });
  }
  const parsed = DockerfileParser.parse(text);
  if (parsed.getFROMs().length === 0) throw new WharfingerError('PIN_REFUSED', { what: 'it has no FROM' });
  const scope = openScope(text, parsed.getInitialARGs(), parsed.getFROMs());
  for (const instruction of parsed.getInstructions()) yield* usesOf(scope, instruction);
}

function openScope(text: string, args: readonly Arg[], froms: readonly From[]): Scope {
  const lines = [0, ...[...text.matchAll(/\r\n|\n|\r/g)].map((found) => found.index + found[0].length)];
  const variables = new Map<string, string>();
  const defaults = new Map<string, TextRange>();
  const scope = { text, lines, variables, defaults, stages: new Set<string>(), stageCount: 0 };
  for (const property of args.flatMap((arg) => arg.getProperties())) {
    const value = property.getValue();
    const place = property.getValueRange();
    if (value === null || place === null) continue;
    const expanded = expandVariables(value, variables);
    if ('value' in expanded) variables.set(property.getName(), expanded.value);
    const range = unquoted(scope, offsets(scope, place));
    if (text.slice(range.start, range.end) === value && !value.includes('$'))
      defaults.set(property.getName(), range);
    else defaults.delete(property.getName());
    for (const name of variablesIn(value)) defaults.delete(name);
  }
  // A default that is also only a part of some reference must stay what it is.
  const written = froms.map((from) => from.getImage() ?? '').filter((image) => !wholeVariable.test(image));
  for (const name of written.flatMap(variablesIn)) defaults.delete(name);
  return scope;
}

function unquoted(scope: Pick<Scope, 'text'>, { start, end }: TextRange): TextRange {
  const quoted = /^(["']).*\1$/s.test(scope.text.slice(start, end));
  return quoted ? { start: start + 1, end: end - 1 } : { start, end };
}

interface Positions {
  readonly start: { readonly line: number; readonly character: number };
  readonly end: { readonly line: number; readonly character: number };
}

function offsets(scope: Pick<Scope, 'lines'>, { start, end }: Positions): TextRange {
  return {
    start: (scope.lines[start.line] ?? 0) + start.character,
    end: (scope.lines[end.line] ?? 0) + end.character,
  };
}

function* usesOf(scope: Scope, instruction: Instruction): Generator<ImageUse> {
  switch (instruction.getKeyword()) {
    case 'FROM': {
      yield* useOfFrom(scope, instruction as From);
      break;
    }
    case 'COPY': {
      const flag = (instruction as Copy).getFlags().find((candidate) => candidate.getName() === 'from');
      yield* useOfName(scope, flag?.getValue(), flag?.getValueRange(), 'COPY --from');
      break;
    }
    case 'RUN': {
      const mounts = (instruction as Run).getFlags().filter((flag) => flag.getName() === 'mount');
      for (const option of mounts.flatMap((flag) => flag.getOption('from') ?? [])) {
        yield* useOfName(scope, option.getValue(), option.getValueRange(), 'RUN --mount=from');
      }
      break;
    }
    case 'ONBUILD': {
      const trigger = (instruction as Onbuild).getTriggerInstruction();
      if (trigger !== null && trigger.getKeyword() !== 'FROM') yield* usesOf(scope, trigger);
      break;
    }
    default:
  }
}

function* useOfFrom(scope: Scope, from: From): Generator<ImageUse> {
  const written = from.getImage();
  const place = from.getImageRange();
  if (written === null || place === null) return;
  const stage = from.getBuildStage();
  const expanded = expandVariables(written, scope.variables);
  const reference = 'value' in expanded ? expanded.value : written;
  const isStage = scope.stages.has(reference.toLowerCase());
  const where = `stage ${scope.stageCount}${stage === null ? '' : ` (${stage})`}: FROM`;
  scope.stageCount += 1;
  if (stage !== null) scope.stages.add(stage.toLowerCase());
  if (isStage || reference === 'scratch') return;
  const variable = wholeVariable.exec(written);
  const byDefault = variable === null ? undefined : scope.defaults.get(variable[1] ?? variable[2] ?? '');
  const skip =
    'missing' in expanded
      ? `ARG ${expanded.missing} has no default, so nobody knows the image before the build`
      : undefined;
  yield use(scope, reference, where, byDefault ?? offsets(scope, place), skip);
}

/** Outside of FROM neither variables nor scratch mean anything; numbers are stages. */
function* useOfName(
  scope: Scope,
  written: string | null | undefined,
  place: Positions | null | undefined,
  where: string,
): Generator<ImageUse> {
  if (!written || !place) return;
  const range = unquoted(scope, offsets(scope, place));
  const name = scope.text.slice(range.start, range.end);
  if (/^[0-9]+$/.test(name) || scope.stages.has(name.toLowerCase())) return;
  yield use(scope, name, where, range);
}

function use(scope: Scope, reference: string, where: string, range: TextRange, skip?: string): ImageUse {
  const line = lineOf(scope.lines, range.start);
  const source = scope.text.slice(range.start, range.end);
  return imageUse({ reference, where, line, range, source, form: 'suffix' }, skip);
}

/** The line of an offset, from 1: the last one that begins at or before it. */
function lineOf(lines: readonly number[], offset: number): number {
  let low = 0;
  let high = lines.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((lines[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return low + 1;
}
