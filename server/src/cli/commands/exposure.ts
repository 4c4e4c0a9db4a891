import type { Command } from 'commander';
import { isDigest } from '@wharfinger/lib/oci/digest';
import { requireServer } from '../api-client.ts';
import { displayable, formatTable, shortDigest } from '../display.ts';
import { firstImages } from '../every-page.ts';
import { exitCodes } from '../exit-codes.ts';
import { exposureAnswer, type ExposedImage } from '../exposure-shapes.ts';
import { parseHost } from '../repository-argument.ts';
import type { Run, Session } from '../session.ts';
import { foundText, parseLimit, remarks } from './search.ts';

export function addExposure(program: Command, run: Run): void {
  program
    .command('exposure')
    .summary('show where something is, and who has pulled it')
    .description(
      'Shows which images of a Wharfinger registry have a vulnerability, a package, a layer or a file, or are built upon an image: in which repositories, under ' +
        'which tags now and then, with which verdict now, and, to administrators, who pulled them when and from where.',
    )
    .argument(
      '<what>',
      'name of an advisory (CVE-…), package URL (pkg:…), or digest of an image, a layer or a file',
    )
    .argument('[host]', 'host[:port] of the registry', 'localhost:5000')
    .option('--limit <number>', 'at most so many images', '100')
    .addHelpText(
      'after',
      '\nExamples:\n  wharf exposure CVE-2026-1234\n  wharf exposure pkg:npm/left-pad@1.3.0 localhost:5000 --json',
    )
    .action(run(exposure));
}

async function exposure(session: Session, options: { readonly limit: string }, what: string, host: string) {
  const limit = parseLimit(options.limit);
  const server = await requireServer(parseHost(host), session);
  const found = await firstImages<ExposedImage>(
    server,
    '/api/v1/exposure',
    questionOf(what),
    limit,
    exposureAnswer,
  );
  session.result(found, () =>
    [
      found.images.length === 0
        ? 'No image that could be read has it.'
        : found.images.map((image) => imageText(image, session)).join('\n\n'),
      ...remarks(found),
    ].join('\n'),
  );
  return exitCodes.done;
}

function questionOf(what: string): Record<string, string> {
  if (what.startsWith('pkg:')) return { purl: what };
  return isDigest(what) ? { digest: what } : { vulnerability: what };
}

function imageText(image: ExposedImage, { style }: Session): string {
  const { repository, digest, tags, tagged, verdict, lastPulled, pulls } = image;
  const then = tagged.filter(({ until }) => until !== undefined);
  const lines: ReadonlyArray<readonly [string, string]> = [
    ['tags', tags.join(' ') || 'none'],
    ['tags before', then.map(({ tag, since, until }) => `${tag} (${since} to ${until})`).join(', ')],
    ['has', foundText(image)],
    ['verdict', verdictText(verdict)],
    ['last pulled', lastPulled ?? 'never'],
  ];
  const rows = (pulls ?? []).map((pull) => [
    pull.at,
    pull.actor ?? 'anonymous',
    pull.address ?? '',
    pull.tag ?? '',
    pull.client ?? '',
  ]);
  return [
    style.bold(displayable(`${repository}@${shortDigest(digest)}`)),
    ...lines.flatMap(([name, value]) =>
      value === '' ? [] : [`  ${style.dim(name.padEnd(12))} ${displayable(value)}`],
    ),
    ...(rows.length === 0 ? [] : [formatTable(['PULLED', 'BY', 'FROM', 'TAG', 'CLIENT'], rows, style)]),
  ].join('\n');
}

function verdictText(verdict: ExposedImage['verdict']): string {
  if (verdict === null) return 'none yet';
  const { outcome, decided, stale } = verdict;
  return [outcome, ...(decided ? [] : ['not decided']), ...(stale ? ['being judged again'] : [])].join(', ');
}
