import { linkKinds, type CustodyLayout, type CustodyStage } from '../custody/layout.ts';
import {
  byName,
  digest,
  integer,
  listOf,
  oneOf,
  optional,
  repositoryPattern,
  shortText,
  textUpTo,
  truth,
  type Read,
} from './plain-fields.ts';

const name = textUpTo(200);
const names = listOf(name, 1000);

/** A custody layout, and the repositories that it is for. */
export const readCustody: Read<{ pattern: string; layout: CustodyLayout }> = (value, path, check) => {
  const fields = check.fields(value, path, ['pattern', 'layout']);
  return {
    pattern: repositoryPattern(fields['pattern'], [...path, 'pattern'], check),
    layout: readLayout(fields['layout'], [...path, 'layout'], check),
  };
};

/** A custody layout. What it names must be there: a name that nobody has would never be asked for. */
export const readLayout: Read<CustodyLayout> = (value, path, check) => {
  const fields = check.fields(value, path, ['name', 'registry', 'stages', 'maxDepth']);
  const stages = listOf(readStage, 100)(fields['stages'], [...path, 'stages'], check);
  if (stages.length === 0) check.fail([...path, 'stages'], 'must name at least one stage');
  for (const [index, stage] of stages.entries())
    for (const parent of stage.parentStages ?? [])
      if (!stages.some((one) => one.name === parent))
        check.fail([...path, 'stages', index, 'parentStages'], `names no stage: ${parent}`);
  for (const [index, stage] of stages.entries())
    if (stages.findIndex((one) => one.name === stage.name) < index)
      check.fail([...path, 'stages', index, 'name'], `stands twice: ${stage.name}`);
  return {
    name: name(fields['name'], [...path, 'name'], check),
    registry: name(fields['registry'], [...path, 'registry'], check),
    stages,
    ...optional(fields, 'maxDepth', path, check, integer(1, 1000)),
  };
};

const readTeam: Read<{ team: string; signers: readonly string[] }> = (value, path, check) => {
  const fields = check.fields(value, path, ['team', 'signers']);
  return {
    team: name(fields['team'], [...path, 'team'], check),
    signers: names(fields['signers'], [...path, 'signers'], check),
  };
};

const readApprovals: Read<CustodyStage['approvals']> = (value, path, check) => {
  const fields = check.fields(value, path, ['needed', 'roles', 'signers', 'neededByRole', 'notByTheTeam']);
  const roles = byName(names, 100)(fields['roles'], [...path, 'roles'], check);
  const byRole = optional(fields, 'neededByRole', path, check, byName(integer(0, 1000), 100));
  for (const role of Object.keys(byRole.neededByRole ?? {}))
    if (!Object.hasOwn(roles, role)) check.fail([...path, 'neededByRole', role], 'names none of the roles');
  return {
    needed: integer(0, 1000)(fields['needed'], [...path, 'needed'], check),
    roles,
    signers: names(fields['signers'], [...path, 'signers'], check),
    ...byRole,
    ...optional(fields, 'notByTheTeam', path, check, truth),
  };
};

const readStage: Read<CustodyStage> = (value, path, check) => {
  const fields = check.fields(value, path, [
    'name',
    'repositories',
    'teams',
    'approvals',
    'mayChange',
    'maxNewLayers',
    'kinds',
    'intake',
    'intakePolicies',
    'parentStages',
  ]);
  return {
    name: name(fields['name'], [...path, 'name'], check),
    repositories: listOf(repositoryPattern, 1000)(fields['repositories'], [...path, 'repositories'], check),
    teams: listOf(readTeam, 100)(fields['teams'], [...path, 'teams'], check),
    approvals: readApprovals(fields['approvals'], [...path, 'approvals'], check),
    ...optional(fields, 'mayChange', path, check, listOf(shortText, 100)),
    ...optional(fields, 'maxNewLayers', path, check, integer(0, 100_000)),
    kinds: listOf(oneOf(linkKinds), linkKinds.length)(fields['kinds'], [...path, 'kinds'], check),
    intake: truth(fields['intake'], [...path, 'intake'], check),
    ...optional(fields, 'intakePolicies', path, check, listOf(digest, 100)),
    ...optional(fields, 'parentStages', path, check, names),
  };
};
