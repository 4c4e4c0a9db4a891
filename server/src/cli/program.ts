import type { Command } from 'commander';
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
import { addImport } from './commands/import.ts';
import { addInspect } from './commands/inspect.ts';
import { addJob } from './commands/job.ts';
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
import { addScanner } from './commands/scanner.ts';
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
import { programWith } from './program-with.ts';
import type { Run } from './session.ts';

const commands = [
  addServe,
  addLogin,
  addLogout,
  addLs,
  addTags,
  addImport,
  addInspect,
  addSbom,
  addFiles,
  addDiff,
  addFindings,
  addScanner,
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
  addJob,
  addCompletion,
  addCustody,
];

/** The whole command tree of `wharf`. */
export function createProgram(run: Run): Command {
  return programWith(commands, run);
}
