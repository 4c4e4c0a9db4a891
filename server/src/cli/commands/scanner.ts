import type { Command } from 'commander';
import { requireServer } from '../api-client.ts';
import { displayable } from '../display.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { parseHost, parseImageReference } from '../repository-argument.ts';
import { scanAnswer, scannersAnswer, scansAnswer } from '../scan-shapes.ts';
import { reportsText, scannersText } from '../scanners-text.ts';
import type { Run, Session } from '../session.ts';

const imageArgument = 'host/repository:tag or host/repository@digest';

export function addScanner(program: Command, run: Run): void {
  const group = program
    .command('scanner')
    .summary('see what scanners outside say of images')
    .description(
      'Tells of the scanners that a registry asks about its images: services with the open pluggable scanner API, whose reports can ' +
        'decide a verdict. They are named in the configuration of the registry.',
    );
  group
    .command('list')
    .summary('list the scanners that a registry asks')
    .description(
      'Lists which scanners a Wharfinger registry asks about the images of which repositories, and whether they answer. Exits with 1 ' +
        'where one does not.',
    )
    .argument('[host]', 'host[:port] of the registry', 'localhost:5000')
    .addHelpText('after', '\nExample:\n  wharf scanner list localhost:5000')
    .action(run(list));
  group
    .command('report')
    .summary('show what scanners report of an image')
    .description('Shows the last report of each scanner that is asked about an image, and why there is none.')
    .argument('<image>', imageArgument)
    .addHelpText('after', '\nExample:\n  wharf scanner report localhost:5000/team/app:1.4')
    .action(run(report));
  group
    .command('ask')
    .summary('have an image scanned anew')
    .description(
      'Has scanners asked about an image again now, for those who may push it. wharf scanner report shows what comes of it.',
    )
    .argument('<image>', imageArgument)
    .option('--scanner <name>', 'ask this one alone')
    .addHelpText('after', '\nExample:\n  wharf scanner ask localhost:5000/team/app:1.4')
    .action(run(ask));
}

async function list(session: Session, _options: object, given: string): Promise<ExitCode> {
  const host = parseHost(given);
  const server = await requireServer(host, session);
  const { scanners } = await server.get('/api/v1/scanners', {}, scannersAnswer);
  session.result({ host, scanners }, () => scannersText({ scanners }, session.style));
  return scanners.some(({ state }) => state === 'failed') ? exitCodes.failed : exitCodes.done;
}

async function report(session: Session, _options: object, image: string): Promise<ExitCode> {
  const { registry, repository, reference } = parseImageReference(image);
  const server = await requireServer(registry, session);
  const said = await server.get('/api/v1/scans', { repository, reference }, scansAnswer);
  session.result({ image, ...said }, () => reportsText(said, session.style));
  return exitCodes.done;
}

async function ask(
  session: Session,
  { scanner }: { readonly scanner?: string },
  image: string,
): Promise<ExitCode> {
  const { registry, repository, reference } = parseImageReference(image);
  const server = await requireServer(registry, session);
  const body = { repository, reference, ...(scanner !== undefined && { scanner }) };
  const asked = await server.post('/api/v1/scans', body, scanAnswer);
  session.result({ image, ...asked }, () =>
    displayable(`Asked: ${asked.scanners.join(', ')}. wharf scanner report ${image} shows what comes of it.`),
  );
  return exitCodes.done;
}
