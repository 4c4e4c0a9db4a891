import { writeFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { cycloneDxVersions, type CycloneDxVersion } from '@wharfinger/lib/inspect/sbom/cyclonedx';
import { sbomFormats, writeSbom, type SbomFormat } from '@wharfinger/lib/inspect/sbom/write-sbom';
import { WharfingerError } from '@wharfinger/lib/errors';
import { z } from 'zod';
import { displayable, shortDigest } from '../display.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { addImageOptions, imageArgument, type ImageOptions } from '../image-options.ts';
import { serverFor } from '../image-question.ts';
import { keyOption } from '../key-file.ts';
import { assessHere } from '../local-assessment.ts';
import { layerOption } from '../number-option.ts';
import { askForSbom, attachSbom } from '../sbom-attestation.ts';
import type { Run, Session } from '../session.ts';
import { sourceTime } from '../source-time.ts';

type Options = Omit<ImageOptions, 'key'> & {
  readonly format: SbomFormat;
  readonly specVersion: CycloneDxVersion;
  readonly layer?: number;
  readonly output?: string;
  readonly attest?: true;
  readonly key?: readonly string[];
};

export function addSbom(program: Command, run: Run): void {
  const command = program
    .command('sbom')
    .summary('write the bill of materials of an image')
    .description(
      'Writes the packages of an image, or of one of its layers, as CycloneDX or SPDX JSON: with package URLs, licences, the ' +
        'files that record them and the layers that brought them. With --attest, the bill is signed and attached to the image.',
    )
    .argument('<image>', imageArgument);
  addImageOptions(command)
    .addOption(new Option('--format <format>', 'of the document').choices(sbomFormats).default('cyclonedx'))
    .addOption(
      new Option('--spec-version <version>', 'of CycloneDX; SPDX is 2.3')
        .choices(cycloneDxVersions)
        .default('1.6'),
    )
    .addOption(layerOption('only what the image has of this layer, counted from 0'))
    .option('-o, --output <file>', 'file to write; standard output if not given')
    .option(
      '--attest',
      'sign it, and push it next to the image as cosign 3 does; without --key a Wharfinger registry signs its own',
    )
    .option('--key <file...>', `for --attest: ${keyOption}`)
    .addHelpText(
      'after',
      '\nSOURCE_DATE_EPOCH, where it is set, is the time that stands in the document.\n' +
        '\nExamples:\n  wharf sbom localhost:5000/team/app:1.4 -o app.cdx.json\n  wharf sbom saved.tar --format spdx\n' +
        '  wharf sbom saved.tar --layer 2\n' +
        '  wharf sbom localhost:5000/team/app:1.4 --format spdx --attest --key ci.key\n' +
        '  wharf sbom localhost:5000/team/app:1.4 --attest -o app.cdx.json',
    )
    .action(run(sbom));
}

async function sbom(session: Session, options: Options, image: string): Promise<ExitCode> {
  checkUse(options);
  const { output, attest, format } = options;
  const { text, digest, complete } = await obtain(session, options, image);
  if (output !== undefined) await writeFile(output, text);
  else if (attest !== true) process.stdout.write(text);
  const document = JSON.parse(text) as object;
  const attached =
    attest === true
      ? await (options.key === undefined
          ? askForSbom(image, digest, options, session)
          : attachSbom(image, digest, { format, document }, options.key, session))
      : undefined;
  if (output !== undefined || attached !== undefined) {
    session.result({ ...(output === undefined ? {} : { output }), digest, complete, ...attached }, () =>
      [
        ...(output === undefined ? [] : [`Written to ${output}.`]),
        ...(attached?.attestations ?? []).map(
          ({ attestation }) =>
            `Attested ${attached!.predicateType} of ${digest}: ${shortDigest(attestation)}`,
        ),
      ]
        .map(displayable)
        .join('\n'),
    );
  }
  if (complete) return exitCodes.done;
  session.note(
    'The image could not be read completely: the bill lacks what is hidden. wharf inspect shows where.',
  );
  return exitCodes.undecided;
}

function checkUse({ attest, key, layer }: Options): void {
  const what =
    attest !== true && key !== undefined
      ? '--key is for --attest'
      : attest === true && layer !== undefined
        ? 'an attestation is about the image, not about a layer'
        : undefined;
  if (what !== undefined) throw new WharfingerError('USAGE', { what, remedy: 'see wharf help sbom' });
}

async function obtain(session: Session, options: Options, image: string) {
  const { key: _, ...question } = options;
  const { format, specVersion, layer } = options;
  const time = sourceTime(session);
  const there = time === undefined ? await serverFor(image, question, session) : undefined;
  if (there !== undefined) {
    const query = { ...there.query, format, layer, ...(format === 'cyclonedx' && { version: specVersion }) };
    const bytes = await there.server.getBytes('/api/v1/sbom', query);
    const document: unknown = JSON.parse(bytes.toString('utf8'));
    const parsed = documentShape.parse(document);
    const digest = 'metadata' in parsed ? parsed.metadata.component.version : parsed.packages[0].versionInfo;
    return { text: `${JSON.stringify(document, undefined, 2)}\n`, digest, complete: !saysIncomplete(parsed) };
  }
  const { inventory, digest, facts } = await assessHere(image, question, session);
  const subject = {
    digest,
    name: facts.image.repository,
    time: time ?? session.now(),
    ...(layer === undefined ? {} : { layer }),
  };
  const bom = writeSbom(inventory, subject, { format, version: specVersion });
  return { text: `${JSON.stringify(bom, undefined, 2)}\n`, digest, complete: inventory.complete };
}

const documentShape = z.union([
  z.object({
    metadata: z.object({ component: z.object({ version: z.string() }) }),
    compositions: z.array(z.object({ aggregate: z.string() })),
  }),
  z.object({
    packages: z.tuple([z.object({ versionInfo: z.string() })]).rest(z.unknown()),
    annotations: z.array(z.object({ comment: z.string() })).default([]),
  }),
]);

/** What a document lacks, it says: CycloneDX as a composition, SPDX as an annotation. */
function saysIncomplete(document: z.infer<typeof documentShape>): boolean {
  return 'compositions' in document
    ? document.compositions.some(({ aggregate }) => aggregate === 'incomplete')
    : document.annotations.some(({ comment }) => comment.startsWith('incomplete'));
}
