import type { Command } from 'commander';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { givenUpText } from '../given-up-text.ts';
import { addImageOptions, addVexOptions, type ImageOptions } from '../image-options.ts';
import { askServer, serverFor } from '../image-question.ts';
import { inspectText } from '../inspect-text.ts';
import { assessHere } from '../local-assessment.ts';
import type { Run, Session } from '../session.ts';

export function addInspect(program: Command, run: Run): void {
  const command = program
    .command('inspect')
    .summary('show what an image is made of')
    .description(
      'Shows what an image is made of: configuration, packages, layers, findings, signatures, and what could not be ' +
        'read. An image is a reference in any registry (ghcr.io/org/app:1), an OCI layout folder (./layout, or ' +
        './layout:name), or an archive of docker save or OCI form (saved.tar).',
    )
    .argument('<image>', 'reference in any registry, OCI layout folder, or archive');
  addVexOptions(addImageOptions(command))
    .option('--packages', 'list the packages')
    .addHelpText(
      'after',
      '\nExamples:\n  wharf inspect localhost:5000/team/app:1.4\n  wharf inspect saved.tar --packages\n' +
        '  wharf inspect ghcr.io/org/app:1 --platform linux/arm64 --json',
    )
    .action(run(inspect));
}

async function inspect(
  session: Session,
  options: ImageOptions & { packages?: boolean },
  image: string,
): Promise<ExitCode> {
  const there = await serverFor(image, options, session);
  const known = there === undefined ? await assessHere(image, options, session) : await askServer(there);
  session.result(known, () => inspectText(known, session.style, options.packages === true));
  if (known.withheld === true)
    session.note(
      'It is held: values of its environment and labels, its command and the instructions of its layers are shown to those who may ' +
        'read it while it is.',
    );
  for (const job of known.givenUp ?? []) session.note(givenUpText(job));
  return exitCodes.done;
}
