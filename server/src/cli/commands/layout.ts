import type { Command } from 'commander';
import {
  addEndCommand,
  addListCommand,
  addRecordOf,
  readDocumentFile,
  type RecordNames,
} from '../record-commands.ts';
import type { Run, Session } from '../session.ts';

const layouts: RecordNames = {
  path: 'layouts',
  one: 'Layout for',
  many: 'custody layouts',
  columns: [
    ['LAYOUT', ({ layout }) => (layout as { readonly name: string }).name],
    [
      'STAGES',
      ({ layout }) =>
        (layout as { readonly stages: ReadonlyArray<{ readonly name: string }> }).stages
          .map(({ name }) => name)
          .join(' → '),
    ],
  ],
};

export function addLayout(program: Command, run: Run): void {
  const layout = program
    .command('layout')
    .summary('say which teams build images, in which order')
    .description(
      'Puts custody layouts in force: which teams may make which part of an image, and who must approve it.',
    );
  layout
    .command('add')
    .summary('put a custody layout in force')
    .description(
      'Puts a custody layout in force for the repositories of a pattern. The most specific pattern alone counts.',
    )
    .argument('<host>', 'host[:port] of the registry')
    .argument('<pattern>', 'repositories of the finished images')
    .argument('<file>', 'the layout, or a custody file with one: YAML or JSON; - for standard input')
    .addHelpText('after', '\nExample:\n  wharf layout add localhost:5000 "prod/**" layout.yaml')
    .action(
      run(async (session: Session, _options: object, host: string, pattern: string, file: string) =>
        addRecordOf(session, host, layouts, { pattern, layout: layoutIn(await readDocumentFile(file)) }),
      ),
    );
  addListCommand(layout, run, layouts);
  addEndCommand(layout, run, layouts);
}

/** The layout of a custody file, whose signers are publishers here; or the document itself. */
function layoutIn(document: Readonly<Record<string, unknown>>): unknown {
  return document['layout'] ?? document;
}
