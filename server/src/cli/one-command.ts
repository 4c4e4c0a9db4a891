import type { AddCommand } from './program-with.ts';

/** Where commands are. One that is missing here is loaded with all others, as `completion` must be, which tells of them. */
const places: Readonly<Record<string, () => Promise<AddCommand>>> = {
  admission: async () => (await import('./commands/admission.ts')).addAdmission,
  advisories: async () => (await import('./commands/advisories.ts')).addAdvisories,
  attest: async () => (await import('./commands/attest.ts')).addAttest,
  audit: async () => (await import('./commands/audit.ts')).addAudit,
  binding: async () => (await import('./commands/binding.ts')).addBinding,
  channel: async () => (await import('./commands/channel.ts')).addChannel,
  collection: async () => (await import('./commands/collection.ts')).addCollection,
  custody: async () => (await import('./commands/custody/index.ts')).addCustody,
  exposure: async () => (await import('./commands/exposure.ts')).addExposure,
  findings: async () => (await import('./commands/findings.ts')).addFindings,
  grant: async () => (await import('./commands/grant.ts')).addGrant,
  hold: async () => (await import('./commands/hold.ts')).addHold,
  inspect: async () => (await import('./commands/inspect.ts')).addInspect,
  job: async () => (await import('./commands/job.ts')).addJob,
  judgement: async () => (await import('./commands/judgement.ts')).addJudgement,
  key: async () => (await import('./commands/key.ts')).addKey,
  layout: async () => (await import('./commands/layout.ts')).addLayout,
  login: async () => (await import('./commands/login.ts')).addLogin,
  logout: async () => (await import('./commands/logout.ts')).addLogout,
  ls: async () => (await import('./commands/ls.ts')).addLs,
  pin: async () => (await import('./commands/pin.ts')).addPin,
  probe: async () => (await import('./commands/probe.ts')).addProbe,
  promote: async () => (await import('./commands/promote.ts')).addPromote,
  promotions: async () => (await import('./commands/promote.ts')).addPromote,
  publisher: async () => (await import('./commands/publisher.ts')).addPublisher,
  release: async () => (await import('./commands/release.ts')).addRelease,
  routine: async () => (await import('./commands/routine.ts')).addRoutine,
  save: async () => (await import('./commands/save.ts')).addSave,
  sbom: async () => (await import('./commands/sbom.ts')).addSbom,
  scanner: async () => (await import('./commands/scanner.ts')).addScanner,
  search: async () => (await import('./commands/search.ts')).addSearch,
  serve: async () => (await import('./commands/serve.ts')).addServe,
  sign: async () => (await import('./commands/sign.ts')).addSign,
  tags: async () => (await import('./commands/tags.ts')).addTags,
  tree: async () => (await import('./commands/tree.ts')).addTree,
  trust: async () => (await import('./commands/trust.ts')).addTrust,
  'trusted-root': async () => (await import('./commands/trusted-root.ts')).addTrustedRoot,
  verdict: async () => (await import('./commands/verdict.ts')).addVerdict,
  verify: async () => (await import('./commands/verify.ts')).addVerify,
  'verify-blob': async () => (await import('./commands/verify-blob.ts')).addVerifyBlob,
  vex: async () => (await import('./commands/vex.ts')).addVex,
  waiver: async () => (await import('./commands/waiver.ts')).addWaiver,
  diff: async () => (await import('./commands/diff.ts')).addDiff,
  files: async () => (await import('./commands/files.ts')).addFiles,
};

/** Commands that are loaded alone. */
export const loadedAlone: readonly string[] = Object.keys(places);

/**
 * The command that is called, loaded alone: loading all of them takes longer than most take to do their work. Undefined: all are
 * needed, for help, to complete or to suggest.
 *
 * @param words of the command line, without the program
 */
export async function calledCommand(words: readonly string[]): Promise<AddCommand | undefined> {
  // No option before a command takes a value.
  const name = words.find((word) => !word.startsWith('-')) ?? '';
  const own = words.slice(0, words.indexOf(name));
  if (own.some((word) => word === '--help' || word === '-h') || !Object.hasOwn(places, name))
    return undefined;
  return places[name]!();
}
