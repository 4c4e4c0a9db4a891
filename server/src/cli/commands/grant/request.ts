import { writeFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { hoursOf, parseGrantRequest } from '@wharfinger/lib/assess/grant-request';
import { WharfingerError } from '@wharfinger/lib/errors';
import { purposes } from '@wharfinger/lib/routines/verdict';
import { count, displayable } from '../../display.ts';
import { exitCodes, type ExitCode } from '../../exit-codes.ts';
import type { Run, Session } from '../../session.ts';

interface Options {
  readonly id: string;
  readonly repository: string;
  readonly digest?: string;
  readonly purpose: readonly string[];
  readonly reason: string;
  readonly by: string;
  readonly from?: string;
  readonly hours: string;
  readonly output?: string;
}

export function addGrantRequest(group: Command, run: Run): void {
  group
    .command('request')
    .summary('write down what is to be granted')
    .description(
      'Writes the file that approvers read and sign: which repository, for which purposes, why, for how long. Nothing is granted ' +
        'by it.',
    )
    .requiredOption('--id <name>', 'what people call it, such as outage-2026-03-04')
    .requiredOption('--repository <pattern>', 'one repository, or one pattern')
    .option('--digest <digest>', 'this image alone')
    .addOption(
      new Option('--purpose <purpose...>', 'what it is for').choices(purposes).default(['pull', 'deploy']),
    )
    .requiredOption('--reason <text>', 'why')
    .requiredOption('--by <name>', 'who asks for it')
    .option('--from <time>', 'when it begins (RFC 3339; default: now)')
    .requiredOption('--hours <number>', 'how long it lasts')
    .option('-o, --output <file>', 'file to write; standard output if not given')
    .addHelpText(
      'after',
      '\nExample:\n  wharf grant request --id outage-7 --repository prod/shop --reason "advisory feed is broken" --by dave --hours 4 ' +
        '-o outage.json',
    )
    .action(run(request));
}

async function request(session: Session, options: Options): Promise<ExitCode> {
  const hours = Number(options.hours);
  const from = options.from === undefined ? session.now() : new Date(options.from);
  if (!(hours > 0 && hours < 10_000))
    throw new WharfingerError('USAGE', { what: `--hours ${options.hours} is not a number of hours` });
  if (Number.isNaN(from.getTime()))
    throw new WharfingerError('USAGE', { what: `--from ${options.from} is not a time` });
  const { id, digest, purpose, reason, by, output } = options;
  const grant = parseGrantRequest({
    id,
    scope: { repositories: [options.repository] },
    ...(digest !== undefined && { digest }),
    purposes: purpose,
    reason,
    requestedBy: by,
    from: from.toISOString(),
    until: new Date(from.getTime() + hours * 3_600_000).toISOString(),
  });
  const text = `${JSON.stringify(grant, undefined, 2)}\n`;
  if (output === undefined) {
    process.stdout.write(text);
    return exitCodes.done;
  }
  await writeFile(output, text, { flag: 'wx' });
  session.result({ grant: id, output, until: grant.until }, () =>
    displayable(
      `Wrote ${output}: ${count(hoursOf(grant), 'hour')}, until ${grant.until}. Approvers sign it: wharf grant sign ${output}`,
    ),
  );
  return exitCodes.done;
}
