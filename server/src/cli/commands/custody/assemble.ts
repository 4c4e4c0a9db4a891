import type { Command } from 'commander';
import { isAttestationChild } from '@wharfinger/lib/oci/attestation-child';
import { makeAssembly } from '@wharfinger/lib/custody/make/make-assembly';
import { fetchManifest } from '@wharfinger/lib/custody/read-image';
import { WharfingerError } from '@wharfinger/lib/errors';
import { formatPlatform } from '@wharfinger/lib/oci/descriptor';
import { predicateTypes } from '@wharfinger/lib/oci/wharfinger-names';
import type { ExitCode } from '../../exit-codes.ts';
import type { Run, Session } from '../../session.ts';
import { chainSource, openChain } from './open-chain.ts';
import { addSignOptions, imageArgument } from './options.ts';
import { layoutOption, readPolicy, signerOf, stageFor } from './policy.ts';
import { keyFor, signAndAttach, type SignOptions } from './sign-and-attach.ts';
import { timeFrom } from './until.ts';

interface Options extends SignOptions {
  readonly layout: string;
  readonly registry?: string;
  readonly as?: string;
  readonly team: string;
  readonly stage?: string;
  readonly until: string;
}

export function addAssemble(custody: Command, run: Run): void {
  const command = custody
    .command('assemble')
    .summary('sign which images an index consists of')
    .description(
      'Signs which images an index of several platforms was put together from, so that none can be put in or taken out. Link ' +
        'each of its images first, with --platform. Attestations of builders are named as such.',
    )
    .argument('<image>', imageArgument)
    .requiredOption('--team <team>', 'the team that put it together, as the layout names it')
    .requiredOption('--layout <file>', layoutOption)
    .option('--registry <identity>', 'logical identity of the registry (default: that of the layout)')
    .option('--as <repository>', 'the repository that it is of, where it lies in a folder')
    .option('--stage <name>', 'stage of the layout (default: the one for the repository and the team)')
    .option('--until <time>', 'until when it counts: 365d, 12h or an RFC 3339 time', '365d');
  addSignOptions(command)
    .addHelpText(
      'after',
      '\nExample:\n  wharf custody assemble localhost:5000/prod/api:1 --team payments --key app.key --layout custody.yaml',
    )
    .action(run(assemble));
}

async function assemble(session: Session, options: Options, text: string): Promise<ExitCode> {
  const policy = await readPolicy(options.layout, options.registry);
  const now = session.now();
  const until = timeFrom(options.until, now);
  const key = await keyFor(options, session);
  const place = options.as === undefined ? {} : { as: options.as };
  const chain = await openChain(text, place, session, false);
  try {
    const { repository, subject, name } = chain;
    const stage = stageFor(policy, repository, options);
    const { team, signers } = stage.teams.find((one) => one.team === options.team)!;
    if (key !== undefined) signerOf(policy, key, signers, `assembly of team ${team}`);
    const source = chainSource(chain, policy.trust, now);
    const index = await fetchManifest(source, { repository, digest: subject.digest });
    if (index?.kind !== 'index') {
      throw new WharfingerError('USAGE', {
        what: `${name} is no index`,
        remedy: 'an image of one platform needs no assembly',
      });
    }
    const manifests = index.manifests.filter((child) => !isAttestationChild(child));
    const predicate = makeAssembly({
      scope: { registry: policy.layout.registry, repository },
      team,
      manifests: manifests.map(({ digest, platform }) => {
        if (platform !== undefined) return { digest, platform: formatPlatform(platform) };
        throw new WharfingerError('USAGE', {
          what: `${name} does not say for which platform ${digest} is`,
          remedy: 'make the index again with a tool that says it',
        });
      }),
      excluded: index.manifests.filter(isAttestationChild).map(({ digest }) => digest),
      from: now,
      until,
    });
    const statement = { predicateType: predicateTypes.assembly, predicate };
    return await signAndAttach(session, chain, statement, key, `Assembled by team ${team}:`);
  } finally {
    await chain.close();
  }
}
