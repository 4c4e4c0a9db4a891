import { Option, type Command } from 'commander';
import { fileStates, type FileState } from '@wharfinger/lib/inspect/contamination/find-contamination';
import { mostEntries } from '@wharfinger/lib/inspect/look/file-entry';
import { look } from '@wharfinger/lib/inspect/look/look';
import { WharfingerError } from '@wharfinger/lib/errors';
import { catFile } from '../cat-file.ts';
import { count, displayable, formatTable, type Style } from '../display.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { filePageShape, type ShownFile, type ShownPage } from '../file-shapes.ts';
import { imageArgument } from '../image-options.ts';
import { serverFor } from '../image-question.ts';
import { withLayersHere } from '../local-layers.ts';
import { layerOption, wholeNumber } from '../number-option.ts';
import type { Run, Session } from '../session.ts';

interface Options {
  readonly platform?: string;
  readonly local?: boolean;
  readonly layer?: number;
  readonly ownedBy?: string;
  readonly state?: FileState;
  readonly after?: string;
  readonly limit: number;
  readonly cat?: true;
}

export function addFiles(program: Command, run: Run): void {
  program
    .command('files')
    .summary('list the files of an image, of all layers together or of one, and what they contain')
    .description(
      'Lists a folder of an image: what each file is, which layer brought it, which package it belongs to and whether it is what ' +
        'that package brought. A Wharfinger registry answers from what it found when the image was pushed; of any other, of ' +
        'layouts and archives the layers are read here.',
    )
    .argument('<image>', imageArgument)
    .argument('[path]', 'folder or file, as it is shown', '/')
    .addOption(layerOption('what this layer alone has, counted from 0: what it takes away too'))
    .option('--owned-by <package>', 'files of this package, at any depth')
    .addOption(new Option('--state <state>', 'files in this state, at any depth').choices(fileStates))
    .option('--after <path>', 'go on behind this path, the last of the page before')
    .addOption(new Option('--limit <number>', 'entries to show').argParser(wholeNumber).default(mostEntries))
    .option('--cat', 'give what the file contains, links followed inside of the image')
    .option('--platform <os/arch>', 'which image of an index (default: that for this machine)')
    .option('--local', 'read the layers here, also if the registry is a Wharfinger that could be asked')
    .addHelpText(
      'after',
      '\nExamples:\n  wharf files localhost:5000/team/app:1.4 /usr/bin\n  wharf files saved.tar /etc --layer 2\n' +
        '  wharf files saved.tar --state modified\n  wharf files saved.tar --owned-by openssl\n' +
        '  wharf files saved.tar /etc/passwd --cat',
    )
    .action(run(files));
}

async function files(session: Session, options: Options, image: string, path: string): Promise<ExitCode> {
  if (options.cat === true) return catFile(session, checkedForCat(session, options), image, path);
  const { limit } = options;
  if (limit < 1 || limit > mostEntries) {
    throw new WharfingerError('USAGE', {
      what: `--limit ${limit} is not from 1 to ${mostEntries}`,
      remedy: 'ask for pages with --after',
    });
  }
  const page = await obtain(session, options, image, path);
  session.result(page, () => pageText(page, options, session.style));
  if (page.complete) return exitCodes.done;
  session.note('A layer could not be read completely: there may be other files. wharf inspect shows why.');
  return exitCodes.undecided;
}

function checkedForCat(session: Session, options: Options): Options {
  const { ownedBy, state, after, limit } = options;
  const other = Object.entries({
    '--owned-by': ownedBy,
    '--state': state,
    '--after': after,
    '--limit': limit === mostEntries ? undefined : limit,
    '--json': session.json || undefined,
  }).find(([, value]) => value !== undefined);
  if (other === undefined) return options;
  throw new WharfingerError('USAGE', {
    what: `--cat gives what one file contains, so that ${other[0]} means nothing`,
    remedy: 'leave one of the two out',
  });
}

async function obtain(session: Session, options: Options, image: string, path: string): Promise<ShownPage> {
  const { layer, ownedBy, state, after, limit, platform } = options;
  const local = options.local === true || platform !== undefined;
  const there = local ? undefined : await serverFor(image, {}, session);
  if (there !== undefined) {
    const query = { ...there.query, path, layer, package: ownedBy, state, last: after, limit };
    return there.server.get('/api/v1/files', query, filePageShape);
  }
  return withLayersHere(image, platform, session, async ({ source, layers }) => {
    const query = {
      path,
      limit,
      ...(layer === undefined ? {} : { layer }),
      ...(ownedBy === undefined ? {} : { package: ownedBy }),
      ...(state === undefined ? {} : { state }),
      ...(after === undefined ? {} : { after }),
    };
    const page = look({ kind: 'list', image: source.manifest, query }, layers);
    return { digest: source.digest, ...filePageShape.parse(page) };
  });
}

const letters: Readonly<Record<string, string>> = {
  file: '-',
  folder: 'd',
  link: 'l',
  hardlink: 'h',
  special: 'c',
  whiteout: 'w',
  opaque: 'o',
};

/** States that people should see, and how. */
const paints: Readonly<Record<string, keyof Style>> = {
  modified: 'red',
  unowned: 'red',
  unchecked: 'yellow',
  configuration: 'yellow',
};

function pageText(page: ShownPage, options: Options, style: Style): string {
  if (page.entries.length === 0) return style.dim('no files');
  const isDeep = options.ownedBy !== undefined || options.state !== undefined;
  const rows = page.entries.map((entry) => [
    `${letters[entry.kind] ?? '?'}${entry.mode ?? '----'}`,
    entry.size === undefined ? '' : String(entry.size),
    entry.layer === undefined ? '' : String(entry.layer),
    entry.package === undefined ? '' : `${entry.package.type} ${entry.package.name}`,
    stateCell(entry, style),
    nameOf(entry, isDeep),
  ]);
  const table = formatTable(['MODE', 'SIZE', 'LAYER', 'PACKAGE', 'STATE', 'NAME'], rows, style);
  if (page.next === undefined) return table;
  const rest = `${count(page.total, 'entry', 'entries')} in all; go on with --after ${displayable(page.next)}`;
  return `${table}\n${style.dim(rest)}`;
}

function stateCell({ state, hidden, kind }: ShownFile, style: Style) {
  const text =
    kind === 'whiteout' || kind === 'opaque'
      ? kind
      : [state === 'other' ? '' : (state ?? ''), ...(hidden ? ['hidden'] : [])].filter(Boolean).join(' ');
  const paint = paints[state ?? ''];
  return paint === undefined ? text : { text, paint: style[paint] };
}

function nameOf({ name, path, kind, target }: ShownFile, isDeep: boolean): string {
  const shown = isDeep ? path : name;
  if (target !== undefined) return `${shown} -> ${target}`;
  return kind === 'folder' ? `${shown}/` : shown;
}
