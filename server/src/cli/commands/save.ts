import type { Command } from 'commander';
import { WharfingerError } from '@wharfinger/lib/errors';
import { getManifest } from '@wharfinger/lib/client/manifests';
import { isTag } from '@wharfinger/lib/oci/reference';
import type { Purpose } from '@wharfinger/lib/routines/verdict';
import { requireServer } from '../api-client.ts';
import { count, displayable, formatBytes } from '../display.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { purposeOption } from '../image-options.ts';
import { registrySession } from '../remote-image.ts';
import { parseImageReference } from '../repository-argument.ts';
import { saveArchive } from '../save-archive.ts';
import type { Run, Session } from '../session.ts';

interface SaveOptions {
  readonly output: string;
  readonly platform?: readonly string[];
  readonly purpose?: Purpose;
}

export function addSave(program: Command, run: Run): void {
  program
    .command('save')
    .summary('save an image with all evidence into one file, to be verified elsewhere without a network')
    .description(
      'Saves an image of a Wharfinger registry into one OCI archive: the image, everything that refers to it, what its chain ' +
        'of custody rests on, the signed judgement, the advisories that match, and the signed receipts of its verdicts. wharf ' +
        'verify --offline checks it on the other side; other tools read it as the OCI archive that it is.',
    )
    .argument('<image>', 'host[:port]/repository with :tag or @digest')
    .requiredOption('-o, --output <file>', 'file to write')
    .option('--platform <os/arch...>', 'which images of an index (default: all)')
    .addOption(purposeOption())
    .addHelpText(
      'after',
      '\nExamples:\n  wharf save localhost:5000/team/app:1.4 -o app.tar\n' +
        '  wharf verify --offline app.tar --registry-key registry.pub',
    )
    .action(run(save));
}

async function save(session: Session, options: SaveOptions, text: string): Promise<ExitCode> {
  const { registry: host, repository, reference } = parseImageReference(text);
  const server = await requireServer(host, session);
  const registry = await registrySession(host, session);
  const progress = session.progress();
  try {
    const image = await getManifest(registry, repository, reference);
    if (!image)
      throw new WharfingerError('MANIFEST_UNKNOWN', { what: `${host}/${repository} has no ${reference}` });
    const saved = await saveArchive({
      server,
      registry,
      repository,
      ...(isTag(reference) ? { tag: reference } : {}),
      image,
      purpose: options.purpose ?? 'pull',
      platforms: options.platform ?? [],
      output: options.output,
      progress,
    });
    progress.end();
    const { digest } = image;
    session.result({ image: text, digest, output: options.output, ...saved }, () =>
      displayable(
        `${options.output} holds ${host}/${repository}@${digest} with all its evidence: ` +
          `${count(saved.images, 'image')}, ${formatBytes(saved.bytes)}.`,
      ),
    );
    return exitCodes.done;
  } finally {
    progress.end();
    await registry.close();
  }
}
