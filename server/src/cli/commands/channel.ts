import { Option, type Command } from 'commander';
import { pushArtifact } from '@wharfinger/lib/client/referrers';
import { WharfingerError } from '@wharfinger/lib/errors';
import { predicateTypes } from '@wharfinger/lib/oci/wharfinger-names';
import { channelPredicate, type Channel, type TagName } from '@wharfinger/lib/signing/channels/channel';
import { signStatement } from '@wharfinger/lib/signing/sign-statement';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import {
  addTagOptions,
  checkTag,
  registryOption,
  meaningText,
  tagText,
  type TagOptions,
} from '../fresh-tag.ts';
import { addJudgementOptions } from '../image-options.ts';
import { keyOption, readSigningKeys } from '../key-file.ts';
import { withRemoteImage } from '../remote-image.ts';
import { parseTagReference } from '../repository-argument.ts';
import { noteTag, seenTag } from '../seen-tags.ts';
import type { Run, Session } from '../session.ts';

const day = 24 * 3_600_000;

interface SignOptions {
  readonly key: readonly string[];
  readonly registry: string;
  readonly as?: string;
  readonly days: number;
}

export function addChannel(program: Command, run: Run): void {
  const channel = program
    .command('channel')
    .summary('say which digest a tag means, until when; and check what others say')
    .description(
      'A channel statement says that a tag means a digest, under a number that grows, until it expires. Who remembers the ' +
        'last number cannot be led back to an older image, and who sees no statement that runs is not held at one.',
    );
  channel
    .command('sign')
    .summary('sign what a tag means now')
    .description(
      'Asks the registry what a tag means, signs that, and pushes the statement next to the image.',
    )
    .argument('<image>', 'host/repository:tag')
    .requiredOption('--key <file...>', keyOption)
    .requiredOption(...registryOption)
    .option('--as <repository>', 'the repository as the statement calls it (default: its own)')
    .addOption(
      new Option('--days <number>', 'how long it holds').default(30).argParser((text) => {
        const days = Number(text);
        if (Number.isInteger(days) && days >= 1 && days <= 3650) return days;
        throw new WharfingerError('USAGE', { what: `--days ${text} is not a whole number from 1 to 3650` });
      }),
    )
    .addHelpText(
      'after',
      '\nExample:\n  wharf channel sign localhost:5000/team/app:1.4 --key release.key --registry registry.acme --days 14',
    )
    .action(run(sign));
  const check = channel
    .command('check')
    .summary('check that a tag means what its publisher said last')
    .description(
      'Asks the registry what a tag means, and whether a publisher who is trusted says so in a statement that has not ' +
        'expired. What the tag meant is remembered on this machine: an older state, and two states under one number, are ' +
        'refused from then on.',
    )
    .argument('<image>', 'host/repository:tag');
  addJudgementOptions(addTagOptions(check))
    .addHelpText(
      'after',
      '\nExamples:\n  wharf channel check localhost:5000/team/app:1.4 --key release.pub --registry registry.acme\n' +
        '  wharf channel check localhost:5000/team/app:1.4 --judgement judgement.json --registry-key registry.pub',
    )
    .action(run(checkChannel));
}

async function sign(session: Session, options: SignOptions, text: string): Promise<ExitCode> {
  const { tag } = parseTagReference(text);
  const keys = await readSigningKeys(options.key, session);
  return withRemoteImage(text, session, async ({ registry, repository, name, subject }) => {
    const tagName: TagName = { registry: options.registry, repository: options.as ?? repository, tag };
    const now = session.now();
    const seen = await seenTag(session.environment, tagName);
    const channel: Channel = {
      ...tagName,
      digest: subject.digest,
      // seconds grow by themselves, wherever the next statement is signed
      counter: Math.max(Math.floor(now.getTime() / 1000), (seen.channel?.counter ?? 0) + 1),
      issuedAt: now.toISOString(),
      expires: new Date(now.getTime() + options.days * day).toISOString(),
    };
    const statement = { predicateType: predicateTypes.channel, predicate: channelPredicate(channel) };
    for (const { key } of keys)
      await pushArtifact(registry, repository, signStatement(subject, statement, key, now));
    await noteTag(session.environment, tagName, {
      channel: { counter: channel.counter, digest: channel.digest },
    });
    session.result({ image: name, ...channel }, () => meaningText(text, subject.digest, channel));
    return exitCodes.done;
  });
}

async function checkChannel(session: Session, options: TagOptions, text: string): Promise<ExitCode> {
  const checked = await checkTag(text, options, session);
  session.result({ ...checked, image: text }, () => tagText(text, checked));
  return checked.fresh ? exitCodes.done : exitCodes.refused;
}
