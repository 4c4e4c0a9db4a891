import type { Command } from 'commander';
import { writeFile } from 'node:fs/promises';
import { WharfingerError } from '@wharfinger/lib/errors';
import { verdictAnswer } from '../api-shapes.ts';
import { formatTable } from '../display.ts';
import { exitCodeOf, type ExitCode } from '../exit-codes.ts';
import {
  addImageOptions,
  addJudgementOptions,
  imageArgument,
  purposeOption,
  type ImageOptions,
} from '../image-options.ts';
import { serverFor } from '../image-question.ts';
import { assessHere } from '../local-assessment.ts';
import type { Run, Session } from '../session.ts';
import { outcomeText, paintOutcome, verdictText } from '../verdict-text.ts';

export function addVerdict(program: Command, run: Run): void {
  const command = program
    .command('verdict')
    .summary('say whether an image may be used, and explain why not')
    .description(
      'Says whether an image may be used, and explains what does not pass and what to do about it. A Wharfinger registry ' +
        'is asked for its verdict; otherwise the image is taken apart and judged here. The exit code says the outcome.',
    )
    .argument('<image>', imageArgument);
  addJudgementOptions(addImageOptions(command))
    .addOption(purposeOption())
    .option(
      '--at <time>',
      'what it was at this time (RFC 3339), recomputed by the registry from what was recorded',
    )
    .option('--receipt <file>', 'write the receipt, signed by the registry, into a file')
    .addHelpText(
      'after',
      '\nExamples:\n  wharf verdict localhost:5000/team/app:1.4\n' +
        '  wharf verdict localhost:5000/team/app:1.4 --at 2026-03-01T12:00:00Z --receipt receipt.json\n' +
        '  wharf verdict ./layout --advisories ./osv\n' +
        '  wharf verdict ghcr.io/org/app:1 --judgement judgement.json --registry-key registry.pub --json',
    )
    .action(run(showVerdict));
}

interface VerdictOptions extends ImageOptions {
  readonly at?: string;
  readonly receipt?: string;
}

async function showVerdict(session: Session, options: VerdictOptions, image: string): Promise<ExitCode> {
  const { at, receipt: file } = options;
  const there = await serverFor(image, options, session);
  if (there === undefined) {
    if (at !== undefined || file !== undefined)
      throw new WharfingerError('USAGE', {
        what: `${image} is not judged by a Wharfinger registry here: only that recorded what it judged, and signs receipts`,
      });
    const known = await assessHere(image, options, session);
    session.result({ image: known.image, judgedBy: 'local', verdict: known.verdict }, () =>
      verdictText(known.image, known.verdict, session.style),
    );
    return exitCodeOf(known.verdict);
  }
  const query = {
    ...there.query,
    ...(options.purpose === undefined ? {} : { purpose: options.purpose }),
    ...(at === undefined ? {} : { at }),
    ...(file === undefined ? {} : { receipt: '1' }),
  };
  const { verdict, children, receipt } = await there.server.get('/api/v1/verdict', query, verdictAnswer);
  if (file !== undefined) await writeFile(file, `${JSON.stringify(receipt)}\n`);
  session.result({ image: there.image, judgedBy: 'server', verdict, ...(children && { children }) }, () => {
    const text = verdictText(there.image, verdict, session.style);
    if (children === undefined) return text;
    const rows = children.map((child) => [
      child.platform ?? 'no platform',
      { text: outcomeText(child.verdict, plain), paint: paintOutcome(child.verdict.outcome, session.style) },
      child.digest,
    ]);
    return `${text}\n\n${formatTable(['PLATFORM', 'OUTCOME', 'DIGEST'], rows, session.style)}`;
  });
  return exitCodeOf(verdict);
}

const same = (text: string) => text;
const plain = { bold: same, dim: same, red: same, yellow: same, green: same };
