import type { Command } from 'commander';
import { WharfingerError } from '@wharfinger/lib/errors';
import { requireServer } from '../api-client.ts';
import { count, formatTable, shortDigest } from '../display.ts';
import { firstImages } from '../every-page.ts';
import { exitCodes } from '../exit-codes.ts';
import { searchAnswer, type FoundImage } from '../exposure-shapes.ts';
import { parseHost } from '../repository-argument.ts';
import type { Run, Session } from '../session.ts';

const kinds = ['package', 'purl', 'vulnerability', 'licence', 'layer', 'file', 'base'] as const;

type SearchOptions = Readonly<Partial<Record<(typeof kinds)[number] | 'ecosystem' | 'versions', string>>> & {
  readonly limit: string;
};

export function addSearch(program: Command, run: Run): void {
  program
    .command('search')
    .summary('find the images that have something')
    .description(
      'Finds the images of a Wharfinger registry that have a package, a vulnerability, a licence, a layer or a file, or that are built ' +
        'upon an image; the newest first. Images that could not be read whole, or not yet, are counted: they may have it as well.',
    )
    .argument('[host]', 'host[:port] of the registry', 'localhost:5000')
    .option('--package <name>', 'a package, by its own name or that of its source')
    .option('--ecosystem <name>', 'of this ecosystem only, such as npm or Debian:12')
    .option('--versions <range>', 'of this version only, or of a range such as "<3.0.5" or ">=1.0,<1.2"')
    .option('--purl <purl>', 'a package URL, with a version or without')
    .option('--vulnerability <id>', 'a package that an advisory of this name matches')
    .option('--licence <id>', 'a package under this licence')
    .option('--layer <digest>', 'a layer, by the digest of its blob or of its content')
    .option(
      '--file <sha256>',
      'a file, by the SHA-256 of what it contains, as sha256sum prints it or with sha256: before it',
    )
    .option('--base <digest>', 'images built upon this one')
    .option('--limit <number>', 'at most so many images', '100')
    .addHelpText(
      'after',
      '\nExamples:\n  wharf search localhost:5000 --package openssl --ecosystem Debian:12 --versions "<3.0.15"\n' +
        '  wharf search --vulnerability CVE-2026-1234\n  wharf search --licence GPL-3.0-only --json',
    )
    .action(run(search));
}

async function search(session: Session, options: SearchOptions, host: string) {
  const { limit, ...asked } = questionOf(options);
  const server = await requireServer(parseHost(host), session);
  const found = await firstImages<FoundImage>(server, '/api/v1/search', asked, limit, searchAnswer);
  session.result(found, () => hitsText(found, session));
  return exitCodes.done;
}

function questionOf(options: SearchOptions) {
  const { package: name, ecosystem, versions, purl, vulnerability, licence, layer, file, base } = options;
  if (kinds.filter((kind) => options[kind] !== undefined).length !== 1)
    throw new WharfingerError('USAGE', {
      what: `say what to look for by one of ${kinds.map((kind) => `--${kind}`).join(', ')}`,
    });
  return {
    limit: parseLimit(options.limit),
    package: name,
    ecosystem,
    version: versions,
    purl,
    vulnerability,
    licence,
    layer,
    file: file === undefined ? undefined : digestOfFile(file),
    base,
  };
}

/** As digests are written, or as sha256sum writes it. */
function digestOfFile(text: string): string {
  return /^[0-9a-f]{64}$/.test(text) ? `sha256:${text}` : text;
}

/** @throws WharfingerError USAGE */
export function parseLimit(text: string): number {
  const limit = Number(text);
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new WharfingerError('USAGE', { what: `--limit ${text} is not a positive whole number` });
  return limit;
}

interface Found {
  readonly images: readonly FoundImage[];
  readonly more: boolean;
  readonly incomplete: number;
  readonly pending: number;
}

function hitsText({ images, ...rest }: Found, session: Session): string {
  const table = formatTable(
    ['REPOSITORY', 'DIGEST', 'TAGS', 'WHAT'],
    images.map((image) => [
      image.repository,
      shortDigest(image.digest),
      image.tags.join(' '),
      foundText(image),
    ]),
    session.style,
  );
  return [images.length === 0 ? 'No image that could be read has it.' : table, ...remarks(rest)].join('\n');
}

/** What a list leaves open. */
export function remarks({ more, incomplete, pending }: Omit<Found, 'images'>): string[] {
  return [
    ...(more ? ['There are more; --limit shows them.'] : []),
    ...(incomplete > 0
      ? [`${count(incomplete, 'image')} could not be read whole, and may have it as well.`]
      : []),
    ...(pending > 0
      ? [
          `${count(pending, 'image')} ${pending === 1 ? 'was' : 'were'} not taken apart yet, and may have it as well.`,
        ]
      : []),
  ];
}

/** What an image has of what was looked for, in short: packages, or where the file is. */
export function foundText(
  image: Pick<FoundImage, 'packages' | 'morePackages' | 'files' | 'moreFiles'>,
): string {
  const { packages, morePackages, files = [], moreFiles = 0 } = image;
  const shown = files.slice(0, 3).map(({ path, layer }) => `${path} (${shortDigest(layer)})`);
  const more = files.length - shown.length + moreFiles;
  const of = packagesText(packages, morePackages);
  return [...(of === '' ? [] : [of]), ...shown, ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}

/** The first few packages in short. */
function packagesText(packages: FoundImage['packages'], others = 0): string {
  const shown = (packages ?? [])
    .slice(0, 3)
    .map(({ name, version, undecided }) => `${name} ${version}${undecided ? ' (?)' : ''}`);
  const more = (packages ?? []).length - shown.length + others;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}
