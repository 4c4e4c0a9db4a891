import type { Command } from 'commander';
import { readVexFile } from '@wharfinger/lib/assess/vex-file';
import { z } from 'zod';
import { requireServer } from '../api-client.ts';
import { count, displayable } from '../display.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { addListCommand, recordShape, scopeText, shown, type RecordNames } from '../record-commands.ts';
import { parseHost } from '../repository-argument.ts';
import type { Run, Session } from '../session.ts';
import { readVexBytes } from '../vex-bytes.ts';

const vexRecords: RecordNames = {
  path: 'vex',
  one: 'VEX document',
  many: 'VEX documents',
  columns: [
    ['AUTHOR', ({ author }) => shown(author)],
    ['FORMAT', ({ format }) => shown(format)],
    ['STATEMENTS', ({ statements }) => shown(statements)],
    ['FOR', (document) => scopeText(document)],
    ['FROM', ({ source }) => shown(source)],
  ],
};

const importAnswer = recordShape.extend({ unchanged: z.boolean(), images: z.number() });
const endAnswer = recordShape.extend({ images: z.number() });

interface ImportOptions {
  readonly server: string;
  readonly repositories?: readonly string[];
}

export function addVex(program: Command, run: Run): void {
  const vex = program
    .command('vex')
    .summary('bring in what others say of vulnerabilities')
    .description(
      'Brings VEX documents (OpenVEX, CycloneDX, CSAF) into a Wharfinger registry: statements about packages and images wherever they ' +
        'are. What is attested for one image is attached to that with wharf attest instead.',
    );
  vex
    .command('import')
    .summary('bring in VEX documents')
    .description(
      'Brings in documents for images of some repositories. One of the same id takes the place of the one before. Routines that ' +
        'name user/<you> in vexBy count what it says. It takes the right to govern the repositories.',
    )
    .argument('<file...>', 'documents of OpenVEX, CycloneDX or CSAF (JSON)')
    .option('--server <host>', 'host[:port] of the registry', 'localhost:5000')
    .option('--repositories <pattern...>', 'for images of these repositories (default: all)')
    .addHelpText(
      'after',
      '\nExample:\n  wharf vex import vendor.openvex.json --server localhost:5000 --repositories "team/**"',
    )
    .action(run(importFiles));
  addListCommand(vex, run, vexRecords);
  vex
    .command('remove')
    .summary('end what a VEX document says')
    .description('Ends what a document says. The record of it is kept, with who ended it and why.')
    .argument('<name>', 'its name, as wharf vex ls shows it')
    .option('--server <host>', 'host[:port] of the registry', 'localhost:5000')
    .requiredOption('--reason <text>', 'why; recorded')
    .action(run(remove));
}

async function importFiles(
  session: Session,
  { server: host, repositories }: ImportOptions,
  names: string[],
): Promise<ExitCode> {
  const files = await Promise.all(names.map(readDocument));
  const server = await requireServer(parseHost(host), session);
  const imported: Array<z.infer<typeof importAnswer>> = [];
  for (const { bytes, name } of files) {
    const query = new URLSearchParams({ source: name });
    if (repositories) query.set('scope', JSON.stringify({ repositories }));
    imported.push(await server.post(`/api/v1/vex?${query.toString()}`, whole(bytes), importAnswer));
  }
  session.result({ imported }, () => displayable(imported.map(lineOf).join('\n')));
  return exitCodes.done;
}

function lineOf({ name, document, unchanged, images }: z.infer<typeof importAnswer>): string {
  if (unchanged) return `${name} is in force already.`;
  const passedOver = Number(document['passedOver']);
  const left = passedOver === 0 ? '' : `, ${passedOver} name nothing that is known here`;
  return `${name} is in force: ${count(Number(document['statements']), 'statement')}${left}; ${count(images, 'image')} judged again.`;
}

// oxlint-disable-next-line typescript/require-await -- a body is sent as chunks
async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** All files are read before the first is sent: of several, one with a mistake leaves nothing half done. */
async function readDocument(name: string): Promise<{ bytes: Uint8Array; name: string }> {
  const bytes = await readVexBytes(name);
  readVexFile(bytes, name);
  return { bytes, name: name.slice(-500) };
}

async function remove(
  session: Session,
  { server: host, reason }: { readonly server: string; readonly reason: string },
  name: string,
): Promise<ExitCode> {
  const server = await requireServer(parseHost(host), session);
  const done = await server.post('/api/v1/vex/end', { name, reason }, endAnswer);
  session.result(done, () =>
    displayable(`${name} says nothing any more; ${count(done.images, 'image')} judged again.`),
  );
  return exitCodes.done;
}
