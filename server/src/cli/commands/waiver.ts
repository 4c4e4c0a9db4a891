import type { Command } from 'commander';
import {
  addEndCommand,
  addListCommand,
  addRecordOf,
  scopeText,
  shown,
  type RecordNames,
} from '../record-commands.ts';
import type { Run, Session } from '../session.ts';

const waivers: RecordNames = {
  path: 'waivers',
  one: 'Waiver',
  many: 'waivers',
  columns: [
    ['ROUTINE', ({ routine }) => shown(routine)],
    ['FOR', (document) => [scopeText(document), shown(document['digest'])].filter(Boolean).join(' ')],
    ['ADVISORIES', ({ advisories }) => shown(advisories)],
    ['OWNER', ({ owner }) => shown(owner)],
    ['UNTIL', ({ expires }) => shown(expires)],
  ],
};

interface WaiverOptions {
  readonly routine: string;
  readonly repositories: readonly string[];
  readonly digest?: string;
  readonly advisory?: readonly string[];
  readonly owner: string;
  readonly reason: string;
  readonly from?: string;
  readonly until: string;
}

export function addWaiver(program: Command, run: Run): void {
  const waiver = program
    .command('waiver')
    .summary('excuse images from a routine, for a time')
    .description(
      'Excuses images from a routine for a time. Somebody answers for it by name, and it stays visible in the verdict.',
    );
  waiver
    .command('add')
    .summary('excuse images from a routine')
    .description('Excuses images of some repositories, or one image, from a routine until a time.')
    .argument('<host>', 'host[:port] of the registry')
    .argument('<id>', 'lower-case words joined by -')
    .requiredOption('--routine <name>', 'the routine')
    .requiredOption('--repositories <pattern...>', 'for images of these repositories')
    .option('--digest <digest>', 'for this image alone')
    .option('--advisory <id...>', 'excuse these advisories, and no other finding')
    .requiredOption('--owner <name>', 'who answers for it: a user, or a principal who signs')
    .requiredOption('--reason <text>', 'why')
    .option('--from <time>', 'from when on (default: now)')
    .requiredOption('--until <time>', 'until when (RFC 3339)')
    .addHelpText(
      'after',
      '\nExample:\n  wharf waiver add localhost:5000 no-fix-yet --routine no-fixable-vulnerabilities --repositories team/app \\\n' +
        '    --advisory CVE-2026-1234 --owner ann --reason "not reachable, INC-7" --until 2026-12-31T00:00:00Z',
    )
    .action(
      run((session: Session, options: WaiverOptions, host: string, id: string) => {
        const { routine, repositories, digest, advisory, owner, reason, until } = options;
        const { from = session.now().toISOString() } = options;
        const scope = { repositories };
        const document = {
          id,
          routine,
          scope,
          digest,
          advisories: advisory,
          owner,
          reason,
          from,
          expires: until,
        };
        return addRecordOf(session, host, waivers, document);
      }),
    );
  addListCommand(waiver, run, waivers);
  addEndCommand(waiver, run, waivers);
}
