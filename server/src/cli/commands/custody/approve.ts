import type { Command } from 'commander';
import { makeApproval } from '@wharfinger/lib/custody/make/make-approval';
import { walkChain } from '@wharfinger/lib/custody/walk-chain';
import { WharfingerError } from '@wharfinger/lib/errors';
import { parseDigest } from '@wharfinger/lib/oci/digest';
import { predicateTypes } from '@wharfinger/lib/oci/wharfinger-names';
import type { ExitCode } from '../../exit-codes.ts';
import { displayable } from '../../display.ts';
import type { Run, Session } from '../../session.ts';
import { chainSource, openChain, readImage, type PlaceOptions } from './open-chain.ts';
import { addPlaceOptions, addSignOptions, imageArgument } from './options.ts';
import { readPolicy, signerOf, stageFor } from './policy.ts';
import { keyFor, signAndAttach, type SignOptions } from './sign-and-attach.ts';
import { timeFrom } from './until.ts';

interface Options extends PlaceOptions, SignOptions {
  readonly layout: string;
  readonly registry?: string;
  readonly stage?: string;
  readonly role: string;
  readonly ticket?: string;
  readonly approver?: string;
  readonly passed?: readonly string[];
  readonly until: string;
}

export function addApprove(custody: Command, run: Run): void {
  const command = custody
    .command('approve')
    .summary('approve an image for a stage')
    .description(
      'Signs that you approve an image for a stage, in a role that you have there. Its chain must be complete but for ' +
        'approvals: nobody approves what has other things against it.',
    )
    .argument('<image>', imageArgument)
    .requiredOption('--role <role>', 'the role in which you approve, as the layout names it')
    .option('--stage <name>', 'stage of the layout (default: the one for the repository)')
    .option('--ticket <text>', 'what it was decided in')
    .option('--approver <principal>', 'who you are, with --print (else: whose the key is)')
    .option('--passed <digest...>', 'digests of routines, or collections of them, that it passed')
    .option('--until <time>', 'until when the approval counts: 90d, 12h or an RFC 3339 time', '90d');
  addSignOptions(addPlaceOptions(command))
    .addHelpText(
      'after',
      '\nExample:\n  wharf custody approve localhost:5000/prod/api:1 --role security --ticket CHG-17 --key alice.key --layout custody.yaml',
    )
    .action(run(approve));
}

async function approve(session: Session, options: Options, text: string): Promise<ExitCode> {
  const policy = await readPolicy(options.layout, options.registry);
  const now = session.now();
  const until = timeFrom(options.until, now);
  const key = await keyFor(options, session);
  const chain = await openChain(text, options, session, true);
  try {
    const stage = stageFor(policy, chain.repository, options);
    const { signers, roles } = stage.approvals;
    const signer =
      key === undefined ? undefined : signerOf(policy, key, signers, `approval for stage ${stage.name}`);
    const approver = signer === undefined ? options.approver : (signer.principal ?? signer.name);
    if (approver === undefined) {
      throw new WharfingerError('USAGE', {
        what: '--print needs to know who approves',
        remedy: 'say --approver',
      });
    }
    if (!Object.hasOwn(roles, options.role) || !roles[options.role]!.includes(approver)) {
      throw new WharfingerError('USAGE', {
        what: `${approver} may not approve as ${options.role} for stage ${stage.name}`,
        remedy: `roles there: ${
          Object.entries(roles)
            .map(([role, people]) => `${role} (${people.join(', ')})`)
            .join('; ') || 'none'
        }`,
      });
    }
    const source = chainSource(chain, policy.trust, now);
    const { repository, subject } = chain;
    const place = { repository, digest: subject.digest };
    const report = await walkChain({ ...place, layout: policy.layout, stage: stage.name, now, source });
    const against = report.problems.filter(
      ({ code, stage: of }) => of !== stage.name || !code.startsWith('approval'),
    );
    if (against.length > 0) {
      throw new WharfingerError('CUSTODY_INCOMPLETE', {
        what: against.map(({ message }) => message).join('\n'),
      });
    }
    const predicate = makeApproval({
      image: await readImage(chain, source),
      registry: policy.layout.registry,
      stage: stage.name,
      role: options.role,
      approver,
      routines: (options.passed ?? []).map((digest) => ({ digest: parseDigest(digest), result: 'passed' })),
      from: now,
      until,
      ...(options.ticket === undefined ? {} : { ticket: options.ticket }),
    });
    const statement = { predicateType: predicateTypes.approval, predicate };
    const done = displayable(`Approved by ${approver} as ${options.role} for stage ${stage.name}:`);
    return await signAndAttach(session, chain, statement, key, done);
  } finally {
    await chain.close();
  }
}
