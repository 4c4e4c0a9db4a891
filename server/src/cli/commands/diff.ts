import type { Command } from 'commander';
import { diffImages } from '@wharfinger/lib/assess/diff-images';
import { mostEntries } from '@wharfinger/lib/inspect/look/file-entry';
import { look } from '@wharfinger/lib/inspect/look/look';
import type { FileChanges } from '@wharfinger/lib/inspect/look/compare-files';
import type { LayerInventory } from '@wharfinger/lib/inspect/inventory';
import type { Facts } from '@wharfinger/lib/routines/facts';
import { WharfingerError } from '@wharfinger/lib/errors';
import { diffText } from '../diff-text.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { diffShape, type ShownDiff } from '../file-shapes.ts';
import { addImageOptions, addVexOptions, imageArgument, type ImageOptions } from '../image-options.ts';
import { serverFor } from '../image-question.ts';
import { assessHere } from '../local-assessment.ts';
import { wholeNumber } from '../number-option.ts';
import type { Run, Session } from '../session.ts';

type Options = ImageOptions & { readonly files: number; readonly exitCode?: boolean };

export function addDiff(program: Command, run: Run): void {
  const command = program
    .command('diff')
    .summary('compare two images: packages, files, configuration, findings, licences')
    .description(
      'Says what the second image has otherwise than the first: packages that came, went or changed their version, files, ' +
        'configuration, findings and licences, and how many layers they share. A Wharfinger registry that has both answers from ' +
        'what it knows; else both are taken apart here.',
    )
    .argument('<before>', imageArgument)
    .argument('<after>', 'the same');
  addVexOptions(addImageOptions(command))
    .option('--files <number>', 'files of each kind that are listed', wholeNumber, 20)
    .option('--exit-code', 'end with 3 where they differ')
    .addHelpText(
      'after',
      '\nExamples:\n  wharf diff localhost:5000/team/app:1.3 localhost:5000/team/app:1.4\n' +
        '  wharf diff old.tar new.tar --files 100 --exit-code',
    )
    .action(run(diff));
}

async function diff(session: Session, options: Options, before: string, after: string): Promise<ExitCode> {
  if (options.files > mostEntries) {
    throw new WharfingerError('USAGE', {
      what: `--files ${options.files} is more than ${mostEntries}`,
      remedy: 'list the folders of interest with wharf files',
    });
  }
  const found =
    (await askServer(session, options, before, after)) ??
    (await compareHere(session, options, before, after));
  session.result(found, () => diffText(found, session.style));
  if (!found.complete) {
    session.note('An image could not be read completely: there may be other differences.');
    return exitCodes.undecided;
  }
  return options.exitCode === true && !found.same ? exitCodes.refused : exitCodes.done;
}

/** What a server says that has both images. */
async function askServer(
  session: Session,
  options: Options,
  before: string,
  after: string,
): Promise<ShownDiff | undefined> {
  if (options.platform !== undefined) return undefined;
  const first = await serverFor(before, options, session);
  const second = first && (await serverFor(after, options, session));
  if (first === undefined || second === undefined || first.server.host !== second.server.host)
    return undefined;
  const query = {
    ...first.query,
    otherRepository: second.query.repository,
    otherReference: second.query.reference,
    files: options.files,
  };
  return first.server.get('/api/v1/diff', query, diffShape);
}

interface ReadImage {
  readonly facts: Facts;
  readonly layers: ReadonlyMap<string, LayerInventory>;
}

async function compareHere(
  session: Session,
  options: Options,
  before: string,
  after: string,
): Promise<ShownDiff> {
  const [first, second] = [await readHere(before, options, session), await readHere(after, options, session)];
  const layers = new Map([...first.layers, ...second.layers]);
  const question = { before: first.facts.image, after: second.facts.image, listed: options.files };
  const files = look({ kind: 'compare', ...question }, layers) as FileChanges;
  return diffShape.parse(diffImages(first.facts, second.facts, files));
}

/** Takes an image apart, and keeps what was found in its layers. */
async function readHere(image: string, options: Options, session: Session): Promise<ReadImage> {
  const layers = new Map<string, LayerInventory>();
  const { facts } = await assessHere(image, options, {
    ...session,
    async *inspectLayers(...given) {
      for await (const layer of session.inspectLayers(...given)) {
        layers.set(layer.digest, layer);
        yield layer;
      }
    },
  });
  return { facts, layers };
}
