import type { Command } from 'commander';
import type { JudgedImage } from '@wharfinger/lib/assess/judge-content';
import type { SignatureFacts } from '@wharfinger/lib/routines/facts/evidence';
import { displayable, shortDigest, type Style } from '../display.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { addTagOptions, checkTag, tagText, type TagOptions } from '../fresh-tag.ts';
import {
  addIndexOptions,
  addJudgementOptions,
  addVexOptions,
  imageArgument,
  purposeOption,
} from '../image-options.ts';
import { judgeHere } from '../local-assessment.ts';
import type { Run, Session } from '../session.ts';
import { exitCodeOfAll, judgedText } from '../judged-text.ts';
import { verifyOffline } from '../verify-offline.ts';

export function addVerify(program: Command, run: Run): void {
  const command = program
    .command('verify')
    .summary('verify signatures of an image and judge it, without trusting its registry')
    .description(
      'Takes an image apart on this machine, verifies its signatures and judges it, whatever its registry says of it: ' +
        'by the file of wharf judgement export, else by the standard collection. Of an index, every image counts, or those of ' +
        '--platform. With --key, a signature by one of the keys is demanded.',
    )
    .argument('<image>', imageArgument);
  addTagOptions(addVexOptions(addJudgementOptions(addIndexOptions(command))))
    .addOption(purposeOption())
    .option(
      '--fresh',
      'the tag must mean what its publisher signed last (wharf channel), and nothing older than this machine has seen',
    )
    .option(
      '--offline',
      'the image is an archive of wharf save: check all that lies in it, without any network',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  wharf verify localhost:5000/team/app:1.4 --key cosign.pub\n' +
        '  wharf verify localhost:5000/team/app:1.4 --fresh --key cosign.pub --registry registry.acme\n' +
        '  wharf verify --offline app.tar --registry-key registry.pub\n' +
        '  wharf verify ghcr.io/org/app:1 --judgement judgement.json --registry-key registry.pub',
    )
    .action(run(verify));
}

interface VerifyOptions extends TagOptions {
  readonly offline?: boolean;
  readonly fresh?: boolean;
}

async function verify(session: Session, options: VerifyOptions, image: string): Promise<ExitCode> {
  if (options.offline === true) return verifyOffline(session, options, image);
  const tag = options.fresh === true ? await checkTag(image, options, session) : undefined;
  if (tag?.fresh === false) {
    session.result({ image, judgedBy: 'local', digest: tag.digest, tag }, () => tagText(image, tag));
    return exitCodes.refused;
  }
  // what was checked is verified: the tag may mean something else a moment later
  const judged = await judgeHere(tag?.image ?? image, options, session);
  const { image: name, digest, facts, verdict, images } = judged;
  session.result(
    {
      image: name,
      judgedBy: 'local',
      digest,
      signatures: facts.signatures ?? null,
      verdict,
      ...(images.length > 0 && { images: images.map(listed) }),
      ...(tag && { tag }),
    },
    () => judgedText(judged, session.style, (one) => signaturesText(one.facts.signatures, session.style)),
  );
  return exitCodeOfAll(judged);
}

function listed({ platform, digest, facts, verdict }: JudgedImage['images'][number]) {
  return { platform, digest, signatures: facts.signatures ?? null, verdict };
}

function signaturesText(signatures: SignatureFacts | undefined, style: Style): string {
  if (signatures === undefined) return style.red('The signatures could not be looked up.');
  const { valid, refused, trustedKeys } = signatures;
  const lines = [
    ...valid.map(
      ({ format, key, evidence }) =>
        `${style.green('signed')}  ${displayable(`by ${key} (${format}, ${shortDigest(evidence)})`)}`,
    ),
    ...refused.map(
      ({ format, evidence, reason }) =>
        `${style.yellow('does not count')}  ${displayable(`${format}, ${shortDigest(evidence)}: ${reason}`)}`,
    ),
  ];
  if (trustedKeys.length === 0)
    return 'No key is trusted for it, so signatures were not demanded; see --key.';
  return lines.length === 0 ? `It has no signature. Trusted: ${trustedKeys.join(', ')}.` : lines.join('\n');
}
