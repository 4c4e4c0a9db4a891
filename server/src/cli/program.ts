import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addAdmission } from './commands/admission.ts';
import { addAdvisories } from './commands/advisories.ts';
import { addAttest } from './commands/attest.ts';
import { addAudit } from './commands/audit.ts';
import { addChannel } from './commands/channel.ts';
import { addCompletion } from './commands/completion.ts';
import { addCustody } from './commands/custody/index.ts';
import { addExposure } from './commands/exposure.ts';
import { addDiff } from './commands/diff.ts';
import { addFiles } from './commands/files.ts';
import { addFindings } from './commands/findings.ts';
import { addHold } from './commands/hold.ts';
import { addInspect } from './commands/inspect.ts';
import { addJudgement } from './commands/judgement.ts';
import { addKey } from './commands/key.ts';
import { addLogin } from './commands/login.ts';
import { addLogout } from './commands/logout.ts';
import { addLs } from './commands/ls.ts';
import { addPin } from './commands/pin.ts';
import { addProbe } from './commands/probe.ts';
import { addPromote } from './commands/promote.ts';
import { addRelease } from './commands/release.ts';
import { addRoutine } from './commands/routine.ts';
import { addSave } from './commands/save.ts';
import { addSbom } from './commands/sbom.ts';
import { addSearch } from './commands/search.ts';
import { addServe } from './commands/serve.ts';
import { addSign } from './commands/sign.ts';
import { addTags } from './commands/tags.ts';
import { addTree } from './commands/tree.ts';
import { addTrustedRoot } from './commands/trusted-root.ts';
import { addVerdict } from './commands/verdict.ts';
import { addVerify } from './commands/verify.ts';
import { addVerifyBlob } from './commands/verify-blob.ts';
import { addPublisher } from './commands/publisher.ts';
import { addTrust } from './commands/trust.ts';
import { addBinding } from './commands/binding.ts';
import { addWaiver } from './commands/waiver.ts';
import { addGrant } from './commands/grant.ts';
import { addVex } from './commands/vex.ts';
import { addLayout } from './commands/layout.ts';
import { addCollection } from './commands/collection.ts';
import type { Run } from './session.ts';

/** The command tree of `wharf`. Errors of usage are thrown as CommanderError; nothing here ends the process. */
export function createProgram(run: Run): Command {
  const program = new Command('wharf')
    .description('Checks container images, and runs the registry that does so by itself.')
    .version(version(), '--version', 'print the version')
    .option('--json', 'print results and errors as JSON')
    .option('--no-color', 'print without colours (as with NO_COLOR)')
    .option('--plain-http', 'speak HTTP without TLS to registries; this machine is always spoken to so')
    .helpOption('-h, --help', 'explain a command')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: true })
    .showSuggestionAfterError()
    .configureOutput({ outputError() {} })
    .exitOverride()
    .addHelpText(
      'after',
      '\nExit codes: 0 done or allowed (warnings too), 1 failed, 2 wrong usage, 3 held or denied, 4 could not be decided.',
    );
  for (const add of [
    addServe,
    addLogin,
    addLogout,
    addLs,
    addTags,
    addInspect,
    addSbom,
    addFiles,
    addDiff,
    addFindings,
    addSearch,
    addExposure,
    addVerdict,
    addVerify,
    addVerifyBlob,
    addTrustedRoot,
    addTree,
    addSign,
    addAttest,
    addKey,
    addJudgement,
    addSave,
    addPin,
    addChannel,
    addProbe,
    addPromote,
    addRelease,
    addHold,
    addAdmission,
    addAdvisories,
    addRoutine,
    addPublisher,
    addTrust,
    addBinding,
    addWaiver,
    addGrant,
    addLayout,
    addVex,
    addCollection,
    addAudit,
    addCompletion,
    addCustody,
  ]) {
    add(program, run);
  }
  return program;
}

function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
