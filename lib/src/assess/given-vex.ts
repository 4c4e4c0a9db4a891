import { WharfingerError } from '../errors.ts';
import { defaultBindingId, defaultBindings } from '../routines/default-bindings.ts';
import type { ImportedVex } from './imported-vex.ts';
import type { Judgement } from './judgement-document.ts';
import { mostVexStatements, type VexFile } from './vex-file.ts';

/** Everything that feeds of a registry brought in is by `feed/` and their name. */
const feedPrefix = 'feed/';

/**
 * A judgement in which these documents are in force for all repositories, as if its registry had them: one of the same id takes the
 * place of the one before.
 *
 * @param by whose word it is then, as routines name it: `user/ann`, `feed/vendor`
 * @throws WharfingerError VEX_INVALID where two documents have one id, or make too many statements together
 */
export function withGivenVex(judgement: Judgement, files: readonly VexFile[], by: string): Judgement {
  const given = new Map<string, ImportedVex>();
  let statements = 0;
  for (const { id, digest, author, statements: said } of files) {
    if (given.has(id)) throw new WharfingerError('VEX_INVALID', { what: `there are two documents ${id}` });
    statements += said.length;
    const words = author === undefined ? {} : { author };
    given.set(id, { id, digest, ...words, by, scope: {}, statements: said });
  }
  if (statements > mostVexStatements) {
    const what = `the documents make more than ${mostVexStatements} statements together`;
    throw new WharfingerError('VEX_INVALID', { what });
  }
  const kept = (judgement.vex ?? []).filter((one) => {
    const isOfFeed = one.by.startsWith(feedPrefix) || by.startsWith(feedPrefix);
    return !given.has(one.id) || (isOfFeed && one.by !== by);
  });
  return { ...judgement, vex: [...kept, ...given.values()] };
}

/**
 * The same, and what is bound by default counts the word of `by`: for a judgement that is made on the spot, by who gives the
 * documents.
 */
export function believingGivenVex(judgement: Judgement, files: readonly VexFile[], by: string): Judgement {
  const [collection] = judgement.collections;
  const policy = { gate: 'hold', official: true, keysTrusted: true } as const;
  const counting = defaultBindings(policy, collection!.name).flatMap((bound) => {
    const routine = collection!.routines.find(({ name }) => name === bound.routine);
    if (!routine || !Object.hasOwn(routine.parameters, 'vexBy')) return [];
    const id = `${bound.routine}-with-vex`;
    return [{ ...bound, id, overlays: defaultBindingId(bound.routine), parameters: { vexBy: [by] } }];
  });
  const given = withGivenVex(judgement, files, by);
  return { ...given, bindings: [...given.bindings, ...counting] };
}
