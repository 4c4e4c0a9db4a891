import { purposes, type Purpose } from '@wharfinger/lib/routines/verdict';
import { Option, type Command } from 'commander';

/** Options of the commands that take an image apart. */
export interface ImageOptions {
  readonly local?: boolean;
  /** absent: that of containers on this machine, or all of them where an index is judged as a whole */
  readonly platform?: string;
  readonly advisories?: readonly string[];
  readonly judgement?: string;
  readonly vex?: readonly string[];
  /** whose word these are; absent: of who gives them here */
  readonly vexBy?: string;
  readonly registryKey?: readonly string[];
  readonly insecureJudgement?: boolean;
  readonly key?: readonly string[];
  /** the repository as whose image it is judged */
  readonly as?: string;
  /** absent: pull */
  readonly purpose?: Purpose;
}

/** The platform of containers on this machine. */
export const ownPlatform = `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`;

/** What an image argument may be, for --help. */
export const imageArgument =
  'reference in any registry, OCI layout folder, or archive (docker save or OCI); see wharf help inspect';

/** Adds the options that say how one image is found and taken apart. */
export function addImageOptions(command: Command): Command {
  return addAssessOptions(
    command.option('--platform <os/arch>', 'which image of an index (default: that for this machine)'),
  );
}

/** The same for commands that judge an index as a whole. */
export function addIndexOptions(command: Command): Command {
  return addAssessOptions(
    command.option('--platform <os/arch>', 'which images of an index count (default: all of them)'),
  );
}

function addAssessOptions(command: Command): Command {
  return command
    .option('--local', 'take the image apart here, also if its registry is a Wharfinger that could be asked')
    .option(
      '--advisories <path...>',
      'files or folders of OSV records to match against here, in place of those that were imported; means --local',
    );
}

/** Adds the options that bring in what others say of vulnerabilities. */
export function addVexOptions(command: Command): Command {
  return command
    .option(
      '--vex <file...>',
      'what these documents (OpenVEX, CycloneDX, CSAF) say of vulnerabilities counts here, as if it had been imported; means --local',
    )
    .option(
      '--vex-by <name>',
      'whose word they are, as vexBy of routines names it: user/ann, feed/vendor (default: one that counts)',
    );
}

/** Adds the options that say what an image is judged by. */
export function addJudgementOptions(command: Command): Command {
  return command
    .option('--judgement <file>', 'judge by this file of wharf judgement export; means --local')
    .option(
      '--registry-key <file...>',
      'the judgement must be signed by one of these keys (PEM) of registries; see wharf judgement key',
    )
    .option('--insecure-judgement', 'take a judgement that nobody signed, or whose signer cannot be told')
    .option('--key <file...>', 'demand a signature by one of these public keys (PEM); means --local')
    .option('--as <repository>', 'judge it here as an image of this repository (default: its own)');
}

/** What the image is to be used for. */
export function purposeOption(): Option {
  return new Option('--purpose <purpose>', 'what it is to be used for (default: pull)').choices(purposes);
}

/** True where nothing but this machine may judge. */
export function isLocal(options: ImageOptions): boolean {
  const { local, ...others } = options;
  const { advisories, judgement, key, vex, vexBy } = others;
  return local === true || [advisories, judgement, key, vex, vexBy].some((given) => given !== undefined);
}
