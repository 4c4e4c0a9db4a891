import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { toCycloneDx } from '@wharfinger/lib/inspect/sbom/cyclonedx';
import { z } from 'zod';
import { displayable } from '../display.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { addImageOptions, imageArgument, type ImageOptions } from '../image-options.ts';
import { serverFor } from '../image-question.ts';
import { assessHere } from '../local-assessment.ts';
import type { Run, Session } from '../session.ts';

export function addSbom(program: Command, run: Run): void {
  const command = program
    .command('sbom')
    .summary('write the bill of materials of an image')
    .description('Writes the packages of an image as CycloneDX JSON.')
    .argument('<image>', imageArgument);
  addImageOptions(command)
    .option('-o, --output <file>', 'file to write; standard output if not given')
    .addHelpText(
      'after',
      '\nExamples:\n  wharf sbom localhost:5000/team/app:1.4 -o app.cdx.json\n  wharf sbom saved.tar',
    )
    .action(run(writeSbom));
}

async function writeSbom(
  session: Session,
  options: ImageOptions & { output?: string },
  image: string,
): Promise<ExitCode> {
  const { bytes, complete } = await obtain(session, options, image);
  const { output } = options;
  if (output === undefined) process.stdout.write(bytes);
  else {
    await writeFile(output, bytes);
    session.result({ output, complete }, () => displayable(`Written to ${output}.`));
  }
  if (complete) return exitCodes.done;
  session.note(
    'The image could not be read completely: the bill lacks what is hidden. wharf inspect shows where.',
  );
  return exitCodes.undecided;
}

async function obtain(session: Session, options: ImageOptions, image: string) {
  const there = await serverFor(image, options, session);
  if (there !== undefined) {
    const bytes = await there.server.getBytes('/api/v1/sbom', there.query);
    return { bytes, complete: !saysIncomplete(bytes) };
  }
  const { inventory, digest, facts } = await assessHere(image, options, session);
  const bom = toCycloneDx(inventory, { digest, name: facts.image.repository, time: session.now() });
  return { bytes: Buffer.from(`${JSON.stringify(bom, undefined, 2)}\n`), complete: inventory.complete };
}

const compositions = z.object({ compositions: z.array(z.object({ aggregate: z.string() })) });

/** What a CycloneDX document lacks, it says as a composition. */
function saysIncomplete(bytes: Buffer): boolean {
  const parsed = compositions.safeParse(JSON.parse(bytes.toString('utf8')));
  return !parsed.success || parsed.data.compositions.some(({ aggregate }) => aggregate === 'incomplete');
}
