import { isJsonList, isJsonObject, sameJson, type JsonObject, type JsonValue } from './json-value.ts';

/** One step of a JSON patch (RFC 6902). Moving and copying are left out: copies of copies can grow without bound. */
export type PatchStep =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: JsonValue }
  | { readonly op: 'remove'; readonly path: string };

/**
 * The patch that makes one object into another: whole fields of the top level, in the order of their names. Fields of a
 * runtime configuration are lists and small maps, so that nothing is gained by going deeper.
 */
export function patchBetween(from: JsonObject, to: JsonObject): PatchStep[] {
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
  return names.flatMap((name): PatchStep[] => {
    const path = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const [before, after] = [own(from, name), own(to, name)];
    if (sameJson(before, after)) return [];
    if (after === undefined) return [{ op: 'remove', path }];
    return [{ op: before === undefined ? 'add' : 'replace', path, value: after }];
  });
}

/** The value with the patch applied; undefined: the patch does not fit it. */
export function applyPatch(value: JsonValue, patch: readonly PatchStep[]): JsonValue | undefined {
  let result: JsonValue | undefined = value;
  for (const step of patch) {
    const tokens = pointerTokens(step.path);
    result = tokens === undefined || result === undefined ? undefined : applied(result, tokens, step);
    if (result === undefined) return undefined;
  }
  return result;
}

/** Names of the top-level fields in which two objects differ, sorted. */
export function changedFields(from: JsonObject, to: JsonObject): string[] {
  const names = new Set([...Object.keys(from), ...Object.keys(to)]);
  return [...names].filter((name) => !sameJson(own(from, name), own(to, name))).sort();
}

function own(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** The parts of a JSON pointer (RFC 6901); undefined: it is none. */
function pointerTokens(pointer: string): string[] | undefined {
  if (pointer === '') return [];
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) return undefined;
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function applied(target: JsonValue, tokens: readonly string[], step: PatchStep): JsonValue | undefined {
  const [token, ...rest] = tokens;
  if (token === undefined) return step.op === 'remove' ? undefined : step.value;
  if (isJsonList(target)) return appliedToList(target, token, rest, step);
  if (!isJsonObject(target)) return undefined;
  const inner = own(target, token);
  const entries = Object.entries(target).filter(([name]) => name !== token);
  if (rest.length === 0) {
    if (step.op !== 'add' && inner === undefined) return undefined;
    // fromEntries, unlike assignment, makes a field of every name, __proto__ included
    return Object.fromEntries(step.op === 'remove' ? entries : [...entries, [token, step.value]]);
  }
  const changed = inner === undefined ? undefined : applied(inner, rest, step);
  return changed === undefined ? undefined : Object.fromEntries([...entries, [token, changed]]);
}

function appliedToList(
  list: readonly JsonValue[],
  token: string,
  rest: readonly string[],
  step: PatchStep,
): JsonValue | undefined {
  const appends = token === '-' && step.op === 'add' && rest.length === 0;
  if (!appends && !/^(?:0|[1-9][0-9]{0,8})$/.test(token)) return undefined;
  const index = appends ? list.length : Number(token);
  if (rest.length > 0) {
    const inner = list[index];
    const changed = inner === undefined ? undefined : applied(inner, rest, step);
    return changed === undefined ? undefined : list.with(index, changed);
  }
  if (step.op === 'add') return index > list.length ? undefined : list.toSpliced(index, 0, step.value);
  if (index >= list.length) return undefined;
  return step.op === 'remove' ? list.toSpliced(index, 1) : list.with(index, step.value);
}
