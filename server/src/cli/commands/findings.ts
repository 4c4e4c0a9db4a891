import type { Command } from 'commander';
import { findingsAnswer } from '../api-shapes.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { findingsText, sortFindings } from '../findings-text.ts';
import { addImageOptions, imageArgument, type ImageOptions } from '../image-options.ts';
import { serverFor } from '../image-question.ts';
import { assessHere } from '../local-assessment.ts';
import type { Run, Session } from '../session.ts';

export function addFindings(program: Command, run: Run): void {
  const command = program
    .command('findings')
    .summary('list the known vulnerabilities of an image')
    .description(
      'Lists the advisories that match packages of an image, worst first, with the version that fixes each and the ' +
        'layer that brought the package. The exit code does not depend on what is found; wharf verdict judges.',
    )
    .argument('<image>', imageArgument);
  addImageOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  wharf findings localhost:5000/team/app:1.4\n  wharf findings saved.tar --advisories ./osv --json',
    )
    .action(run(showFindings));
}

async function showFindings(session: Session, options: ImageOptions, image: string): Promise<ExitCode> {
  const there = await serverFor(image, options, session);
  if (there !== undefined) {
    const { digest, findings } = await there.server.get('/api/v1/findings', there.query, findingsAnswer);
    session.result({ image: there.image, judgedBy: 'server', digest, findings: sortFindings(findings) }, () =>
      findingsText(findings, session.style),
    );
    return exitCodes.done;
  }
  const known = await assessHere(image, options, session);
  const { findings } = known.facts;
  const complete = known.facts.inventory?.complete === true;
  const result = { image: known.image, judgedBy: 'local', digest: known.digest, complete };
  session.result({ ...result, findings: sortFindings(findings ?? []) }, () =>
    findingsText(findings ?? [], session.style),
  );
  if (findings === undefined || !complete) {
    session.note(
      'The image could not be read completely: there may be more. wharf inspect shows what could not be read.',
    );
    return exitCodes.undecided;
  }
  return exitCodes.done;
}
