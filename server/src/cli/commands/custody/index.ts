import type { Command } from 'commander';
import type { Run } from '../../session.ts';
import { addApprove } from './approve.ts';
import { addAssemble } from './assemble.ts';
import { addInit } from './init.ts';
import { addIntake } from './intake.ts';
import { addLink } from './link.ts';
import { addShow, addVerifyChain } from './show.ts';

export function addCustody(program: Command, run: Run): void {
  const custody = program
    .command('custody')
    .summary('say and check which team answers for which layer of an image')
    .description(
      'Chains of custody: each team verifies the image that it builds on (intake), signs what it added (link), and has it ' +
        'approved (approve). Anybody checks the whole, from the base to the final image (show, verify), in any registry or on ' +
        'disk. Each statement is an attestation that cosign verifies too.',
    );
  for (const add of [addInit, addLink, addIntake, addApprove, addAssemble, addShow, addVerifyChain])
    add(custody, run);
}
