import type { Command } from 'commander';
import { diffCollections, type CollectionDiff } from '@wharfinger/lib/routines/diff-collections';
import { addCollectionOptions, readCollection, type CollectionOptions } from '../../collection-argument.ts';
import { displayable, type Style } from '../../display.ts';
import { exitCodes, type ExitCode } from '../../exit-codes.ts';
import type { Run, Session } from '../../session.ts';

export function addRoutineDiff(group: Command, run: Run): void {
  const command = group
    .command('diff')
    .summary('show what is different between two collections')
    .description(
      'Shows which routines came, went and changed between two collections, and what of them. wharf routine replay shows what that ' +
        'does to the images of a registry.',
    )
    .argument('<from>', 'file, or host/repository:version')
    .argument('<to>', 'file, or host/repository:version');
  addCollectionOptions(command)
    .addHelpText(
      'after',
      '\nExample:\n  wharf routine diff localhost:5000/rules/payments:1.0.0 payments.yaml --key rules.pub',
    )
    .action(run(diff));
}

async function diff(
  session: Session,
  options: CollectionOptions,
  from: string,
  to: string,
): Promise<ExitCode> {
  const before = await readCollection(from, options, session);
  const after = await readCollection(to, options, session);
  const found = diffCollections(before, after);
  session.result(found, () => diffText(found, session.style));
  return exitCodes.done;
}

function diffText({ from, to, added, removed, changed }: CollectionDiff, style: Style): string {
  const title = `${from.name} ${from.version} → ${to.name} ${to.version}`;
  const same = added.length + removed.length + changed.length === 0;
  const lines = [
    style.bold(displayable(title)),
    ...(same ? ['  the same routines'] : []),
    ...added.map((name) => style.green(displayable(`  + ${name}`))),
    ...removed.map((name) => style.red(displayable(`  - ${name}`))),
  ];
  for (const { routine, fields, parameters } of changed) {
    lines.push(style.yellow(displayable(`  ~ ${routine}`)));
    for (const { field, from: old, to: young } of fields)
      lines.push(
        ...(field === 'tests'
          ? ['      tests are others']
          : [
              `      ${field}`,
              style.red(`        - ${displayable(old)}`),
              style.green(`        + ${displayable(young)}`),
            ]),
      );
    for (const { parameter, from: old, to: young } of parameters)
      lines.push(displayable(`      parameter ${parameter}: ${old ?? 'new'} → ${young ?? 'gone'}`));
  }
  return lines.join('\n');
}
