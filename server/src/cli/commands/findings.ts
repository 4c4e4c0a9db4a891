import type { Command } from 'commander';
import { displayable } from '../display.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { givenUpText } from '../given-up-text.ts';
import { findingsText, sortFindings } from '../findings-text.ts';
import {
  addImageOptions,
  addJudgementOptions,
  addVexOptions,
  imageArgument,
  type ImageOptions,
} from '../image-options.ts';
import { askServer, serverFor } from '../image-question.ts';
import { assessHere } from '../local-assessment.ts';
import type { Run, Session } from '../session.ts';

export function addFindings(program: Command, run: Run): void {
  const command = program
    .command('findings')
    .summary('list the known vulnerabilities of an image')
    .description(
      'Lists the advisories that match packages of an image, worst first, with the version that fixes each and the ' +
        'layer that brought the package, and the team that answers for it where a chain of custody says so. ' +
        'What is found does not change the exit code, which is 4 where there may be more; wharf verdict judges.',
    )
    .argument('<image>', imageArgument);
  addVexOptions(addJudgementOptions(addImageOptions(command)))
    .addHelpText(
      'after',
      '\nExamples:\n  wharf findings localhost:5000/team/app:1.4\n  wharf findings saved.tar --advisories ./osv --json',
    )
    .action(run(showFindings));
}

async function showFindings(session: Session, options: ImageOptions, image: string): Promise<ExitCode> {
  const there = await serverFor(image, options, session);
  const known = there === undefined ? await assessHere(image, options, session) : await askServer(there);
  const { findings, advisories, inventory } = known.facts;
  const complete = inventory?.complete === true;
  const uncovered = advisories?.uncovered ?? [];
  const { judgedBy, digest } = known;
  const listed = findings === undefined ? null : sortFindings(findings);
  session.result({ image: known.image, judgedBy, digest, complete, uncovered, findings: listed }, () =>
    findings === undefined ? '' : findingsText(findings, session.style),
  );
  const doubts = [
    ...(known.givenUp ?? []).map((job) => givenUpText(job)),
    ...(findings === undefined ? ['Its packages have not been compared with advisories.'] : []),
    ...(complete ? [] : ['It could not be read completely; wharf inspect shows what is hidden.']),
    ...(uncovered.length === 0
      ? []
      : [
          `No advisories about ${displayable(uncovered.join(', '))} were imported: nothing was looked for there.`,
        ]),
  ];
  for (const doubt of doubts) session.note(doubt);
  return doubts.length === 0 ? exitCodes.done : exitCodes.undecided;
}
