import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { findImages } from '@wharfinger/lib/pinning/find-images';
import type { FileKind } from '@wharfinger/lib/pinning/image-use';
import { pinText, type PinnedUse } from '@wharfinger/lib/pinning/pin-text';
import { formatTable, type Style } from '../display.ts';
import { exitCodes, worstExitCode, type ExitCode } from '../exit-codes.ts';
import { addIndexOptions, addJudgementOptions, addVexOptions, type ImageOptions } from '../image-options.ts';
import { createResolver } from '../pin-resolver.ts';
import { replaceFile } from '../replace-file.ts';
import type { Run, Session } from '../session.ts';

interface PinOptions extends ImageOptions {
  readonly check?: boolean;
  readonly write?: boolean;
  readonly kind?: FileKind;
}

/** One use of an image in a file, as it is told. */
interface Told {
  readonly file: string;
  readonly line: number;
  readonly where: string;
  readonly image: string;
  readonly outcome: 'pinned' | 'unpinned' | 'written' | 'refused' | 'impossible';
  readonly digest?: string;
  readonly reason?: string;
}

export function addPin(program: Command, run: Run): void {
  const command = program
    .command('pin')
    .summary('replace tags in deployment files by digests that passed')
    .description(
      'Finds the images that files name (Kubernetes YAML, Helm values, Compose files, Dockerfiles) and adds to each tag ' +
        'the digest it points to, if that passes. Comments and layout stay as they are. Without --write, files are left ' +
        'alone and it is told what would be written.',
    )
    .argument('<file...>', 'files to pin')
    .option('--check', 'change nothing and ask nobody: fail if an image is named without a digest')
    .option('--write', 'write the files')
    .option(
      '--kind <kind>',
      'what the files are: kubernetes, helm-values, compose, dockerfile (default: told by the file)',
    );
  addVexOptions(addJudgementOptions(addIndexOptions(command)))
    .addHelpText(
      'after',
      '\nExamples:\n  wharf pin --write deploy/*.yaml compose.yaml\n  wharf pin --check deploy/*.yaml',
    )
    .action(run(pin));
}

async function pin(session: Session, options: PinOptions, files: string[]): Promise<ExitCode> {
  const told: Told[] = [];
  const codes: ExitCode[] = [];
  const resolver = createResolver(options, session);
  for (const file of files) {
    const text = await readFile(file, 'utf8');
    const hint = { name: file, ...(options.kind === undefined ? {} : { kind: options.kind }) };
    if (options.check) {
      told.push(...checkUses(file, text, hint));
      continue;
    }
    const pinned = await pinText(text, hint, (reference) => resolver.resolve(reference));
    told.push(...pinned.uses.map((use) => toldOf(file, use)));
    if (options.write && pinned.text !== text) await replaceFile(file, pinned.text);
  }
  const open = told.filter(({ outcome }) => outcome === 'unpinned' || outcome === 'impossible');
  if (open.length > 0) codes.push(exitCodes.failed);
  codes.push(...resolver.codes());
  session.result({ images: told, written: options.write === true }, () => pinsText(told, session.style));
  if (!options.check && !options.write && told.some(({ outcome }) => outcome === 'written')) {
    session.note('Nothing was written; --write does.');
  }
  return worstExitCode(codes);
}

function checkUses(file: string, text: string, hint: Parameters<typeof findImages>[1]): Told[] {
  return findImages(text, hint).uses.map(({ line, where, reference, pinned, skip }) => ({
    file,
    line,
    where,
    image: reference,
    ...(pinned
      ? { outcome: 'pinned' }
      : skip === undefined
        ? { outcome: 'unpinned' }
        : { outcome: 'impossible', reason: skip }),
  }));
}

function toldOf(file: string, { use, outcome, digest, reason }: PinnedUse): Told {
  const { line, where, reference, skip } = use;
  const known = { file, line, where, image: reference, ...(digest === undefined ? {} : { digest }) };
  if (outcome === 'kept') return { ...known, outcome: 'pinned' };
  if (outcome === 'written') return { ...known, outcome };
  return {
    ...known,
    outcome: skip === undefined ? 'refused' : 'impossible',
    ...(reason === undefined ? {} : { reason }),
  };
}

function pinsText(told: readonly Told[], style: Style): string {
  if (told.length === 0) return 'The files name no images.';
  const paints = {
    pinned: style.green,
    written: style.green,
    unpinned: style.red,
    refused: style.red,
    impossible: style.yellow,
  };
  const rows = told.map(({ file, line, image, outcome, digest, reason }) => [
    { text: outcome, paint: paints[outcome] },
    `${file}:${line}`,
    image,
    outcome === 'written' ? `@${digest}` : (reason ?? ''),
  ]);
  return formatTable(['RESULT', 'WHERE', 'IMAGE', ''], rows, style);
}
