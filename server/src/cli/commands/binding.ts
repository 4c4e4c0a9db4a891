import type { Command } from 'commander';
import {
  addEndCommand,
  addFileCommand,
  addListCommand,
  scopeText,
  shown,
  type RecordNames,
} from '../record-commands.ts';
import type { Run } from '../session.ts';

const bindings: RecordNames = {
  path: 'bindings',
  one: 'Binding',
  many: 'bindings',
  columns: [
    ['ROUTINE', ({ collection, routine }) => `${shown(collection)}/${shown(routine)}`],
    ['EFFECT', ({ effect }) => shown(effect)],
    ['FOR', scopeText],
  ],
};

export function addBinding(program: Command, run: Run): void {
  const binding = program
    .command('binding')
    .summary('put routines to work')
    .description(
      'Puts routines to work, besides those that every repository has by its gate: for which repositories, with which effect and ' +
        'parameters, and when.',
    );
  addFileCommand(binding, run, bindings, {
    summary: 'put a routine to work',
    description:
      'Puts a routine to work, as a file says: id, collection, routine, scope, purposes, effect, and where they are wanted ' +
      'parameters, undecided, window, graceUntil, overlays, delegable, owner, reason. What a repository has by its gate is overlaid by ' +
      'the name default/ROUTINE.',
    example:
      '\nExample:\n  wharf binding add localhost:5000 - <<END\n  id: no-old-images\n  collection: standard\n  routine: maximum-age\n' +
      '  parameters: { days: 90 }\n  scope: { repositories: ["prod/**"] }\n  purposes: [pull]\n  effect: hold\n  END',
  });
  addListCommand(binding, run, bindings);
  addEndCommand(binding, run, bindings);
}
