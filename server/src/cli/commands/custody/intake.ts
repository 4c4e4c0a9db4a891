import type { Command } from 'commander';
import { makeIntake } from '@wharfinger/lib/custody/make/make-summary';
import { parentStages } from '@wharfinger/lib/custody/walk-parent';
import { WharfingerError } from '@wharfinger/lib/errors';
import { predicateTypes } from '@wharfinger/lib/oci/wharfinger-names';
import type { ExitCode } from '../../exit-codes.ts';
import type { Run, Session } from '../../session.ts';
import { chainSource, openChain, type PlaceOptions } from './open-chain.ts';
import { addPlaceOptions, addSignOptions, imageArgument } from './options.ts';
import { readPolicy, signerOf } from './policy.ts';
import { keyFor, signAndAttach, type SignOptions } from './sign-and-attach.ts';
import { walkAnyStage } from './walk.ts';

interface Options extends PlaceOptions, SignOptions {
  readonly layout: string;
  readonly registry?: string;
  readonly team: string;
  readonly stage?: string;
}

export function addIntake(custody: Command, run: Run): void {
  const command = custody
    .command('intake')
    .summary('verify an image before your team builds on it, and sign that it passed')
    .description(
      'Walks the chain of an image that your team is about to build on. If it is complete, signs a SLSA verification summary of ' +
        'it in the name of your team. Nothing is signed if it is not.',
    )
    .argument('<image>', imageArgument)
    .requiredOption('--team <team>', 'the team that will build on it, as the layout names it')
    .option('--stage <name>', 'stage of that team (default: the only one that it has)');
  addSignOptions(addPlaceOptions(command))
    .addHelpText(
      'after',
      '\nExample:\n  wharf custody intake localhost:5000/base/debian:12 --team payments --key app.key --layout custody.yaml',
    )
    .action(run(intake));
}

async function intake(session: Session, options: Options, text: string): Promise<ExitCode> {
  const policy = await readPolicy(options.layout, options.registry);
  const { layout, trust } = policy;
  const stages = layout.stages.filter(
    ({ name, teams }) =>
      teams.some(({ team }) => team === options.team) &&
      (options.stage === undefined || name === options.stage),
  );
  const [stage, ...more] = stages;
  if (stage === undefined || more.length > 0) {
    throw new WharfingerError('USAGE', {
      what: `team ${options.team} has ${stages.length} stages${options.stage === undefined ? '' : ` ${options.stage}`}`,
      remedy: 'say --stage, and the team as the layout names it',
    });
  }
  const key = await keyFor(options, session);
  const { signers } = stage.teams.find(({ team }) => team === options.team)!;
  if (key !== undefined) signerOf(policy, key, signers, `summary of team ${options.team}`);
  const chain = await openChain(text, options, session, true);
  try {
    const now = session.now();
    const source = chainSource(chain, trust, now);
    const report = await walkAnyStage(policy, parentStages(layout, stage), chain, source, now);
    const predicate = makeIntake({ report, registry: layout.registry, verifier: options.team, now });
    const statement = { predicateType: predicateTypes.verificationSummary, predicate };
    return await signAndAttach(session, chain, statement, key, `Taken in by team ${options.team}:`);
  } finally {
    await chain.close();
  }
}
