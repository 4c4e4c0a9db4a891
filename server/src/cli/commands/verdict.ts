import type { Command } from 'commander';
import { writeFile } from 'node:fs/promises';
import { WharfingerError } from '@wharfinger/lib/errors';
import { ofPlatform } from '@wharfinger/lib/oci/platform';
import { verdictAnswer } from '../api-shapes.ts';
import { formatTable } from '../display.ts';
import type { ExitCode } from '../exit-codes.ts';
import { givenUpText } from '../given-up-text.ts';
import {
  addIndexOptions,
  addJudgementOptions,
  addVexOptions,
  imageArgument,
  type ImageOptions,
  purposeOption,
} from '../image-options.ts';
import { serverFor } from '../image-question.ts';
import { exitCodeOfAll, judgedText } from '../judged-text.ts';
import { judgeHere } from '../local-assessment.ts';
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
  addVexOptions(addJudgementOptions(addIndexOptions(command)))
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
    const judged = await judgeHere(image, options, session);
    const { image: name, verdict, images } = judged;
    const children = images.map((one) => ({
      platform: one.platform,
      digest: one.digest,
      verdict: one.verdict,
    }));
    session.result(
      { image: name, judgedBy: 'local', verdict, ...(children.length > 0 && { children }) },
      () => judgedText(judged, session.style),
    );
    return exitCodeOfAll(judged);
  }
  const query = {
    ...there.query,
    ...(options.purpose === undefined ? {} : { purpose: options.purpose }),
    ...(at === undefined ? {} : { at }),
    ...(file === undefined ? {} : { receipt: '1' }),
  };
  const answer = await there.server.get('/api/v1/verdict', query, verdictAnswer);
  const { verdict, children: all, receipt, givenUp = [] } = answer;
  const children = all && ofPlatform(all, options.platform);
  if (file !== undefined) await writeFile(file, `${JSON.stringify(receipt)}\n`);
  const more = { ...(children && { children }), ...(givenUp.length > 0 && { givenUp }) };
  session.result({ image: there.image, judgedBy: 'server', verdict, ...more }, () => {
    const text = verdictText(there.image, verdict, session.style);
    if (children === undefined) return text;
    const rows = children.map((child) => [
      child.platform ?? 'no platform',
      { text: outcomeText(child.verdict, plain), paint: paintOutcome(child.verdict.outcome, session.style) },
      child.digest,
    ]);
    return `${text}\n\n${formatTable(['PLATFORM', 'OUTCOME', 'DIGEST'], rows, session.style)}`;
  });
  for (const job of givenUp) session.note(givenUpText(job));
  return exitCodeOfAll({ verdict, images: children ?? [] });
}

const same = (text: string) => text;
const plain = { bold: same, dim: same, red: same, yellow: same, green: same };
