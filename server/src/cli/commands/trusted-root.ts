import { readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { WharfingerError } from '@wharfinger/lib/errors';
import { refreshSigstoreRoot } from '@wharfinger/lib/signing/sigstore/refresh-root';
import { displayable } from '../display.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { Run, Session } from '../session.ts';

/** How long one file of the repository may take, in milliseconds. */
const patience = 30_000;

export function addTrustedRoot(program: Command, run: Run): void {
  const group = program
    .command('trusted-root')
    .summary('keep the trusted root of Sigstore up to date')
    .description('Keeps the file that says which authorities and logs of an instance of Sigstore count.');
  group
    .command('update')
    .summary('fetch trusted_root.json by The Update Framework')
    .description(
      'Fetches trusted_root.json from the repository of an instance of Sigstore, by The Update Framework: it must be signed ' +
        'by keys that root.json leads to, and neither have run out nor be older than what was fetched before.',
    )
    .requiredOption('--url <url>', 'the repository; of the public instance https://tuf-repo-cdn.sigstore.dev')
    .requiredOption(
      '--root <file>',
      'root.json of the repository, of any version, from a source that you trust',
    )
    .requiredOption('-o, --output <file>', 'file to write')
    .addHelpText(
      'after',
      '\nExample:\n  wharf trusted-root update --url https://tuf-repo-cdn.sigstore.dev --root root.json -o trusted_root.json',
    )
    .action(run(update));
}

interface Options {
  readonly url: string;
  readonly root: string;
  readonly output: string;
}

async function update(session: Session, { url, root, output }: Options): Promise<ExitCode> {
  const protocol = URL.canParse(url) ? new URL(url).protocol : '';
  if (!['https:', 'http:'].includes(protocol)) {
    throw new WharfingerError('USAGE', { what: `--url is not an address: ${url}` });
  }
  const text = await refreshSigstoreRoot({
    url: url.replace(/\/+$/, ''),
    firstRoot: await readFile(root),
    folder: stateFolder(session.environment),
    fetch: (address) => fetch(address, { signal: AbortSignal.timeout(patience) }),
  });
  await writeWhole(output, text);
  session.result({ url, output }, () => displayable(`${output} is what ${url} has now`));
  return exitCodes.done;
}

/** What was seen of repositories: in $XDG_STATE_HOME, else ~/.local/state. It is no cache: without it, older is not known from newer. */
function stateFolder(environment: NodeJS.ProcessEnv): string {
  const states = environment['XDG_STATE_HOME'] || join(environment['HOME'] || homedir(), '.local', 'state');
  return join(states, 'wharfinger', 'trusted-roots');
}

/** Others see the old text or the new one, never a part. */
async function writeWhole(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.new`;
  await writeFile(temporary, text);
  await rename(temporary, file);
}
