import { CommanderError } from 'commander';
import { isWharfingerError } from '@wharfinger/lib/errors';
import { exitCodes, type ExitCode } from './exit-codes.ts';

/** A failure as people and scripts see it; `code` is one of the table in lib/src/errors.ts. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** What a server answered, in its own words. */
export class ServerRefusal extends Error {
  readonly code: string;
  readonly remedy: string;

  constructor(failure: Failure) {
    super(failure.message);
    this.name = 'ServerRefusal';
    this.code = failure.code;
    this.remedy = failure.remedy;
  }
}

const systemFailures: Readonly<Record<string, readonly [what: string, remedy: string]>> = {
  ENOENT: ['there is no such file or folder', 'check the path'],
  EACCES: ['access to the file is not permitted', 'check its owner and mode'],
  EPERM: ['the operation is not permitted', 'check the rights of the user that runs wharf'],
  EISDIR: ['it is a folder, not a file', 'name a file'],
  ENOTDIR: ['a part of the path is not a folder', 'check the path'],
  ENOSPC: ['there is no room left on the disk', 'make room and try again'],
  EADDRINUSE: ['the address is in use', 'stop what listens there, or choose another with --listen'],
};

/** Turns whatever was thrown into a failure with a remedy. */
export function describeFailure(error: unknown): Failure {
  if (isWharfingerError(error) || error instanceof ServerRefusal) {
    return { code: error.code, message: error.message, remedy: error.remedy };
  }
  if (error instanceof CommanderError) {
    return { code: 'USAGE', message: error.message.replace(/^error: /, ''), remedy: 'see wharf --help' };
  }
  const system = error as NodeJS.ErrnoException;
  const known = systemFailures[system?.code ?? ''];
  if (known !== undefined) {
    const where = system.path ?? (system as { address?: string }).address;
    return {
      code: 'INPUT_INVALID',
      message: where === undefined ? known[0] : `${where}: ${known[0]}`,
      remedy: known[1],
    };
  }
  return {
    code: 'INTERNAL',
    message: error instanceof Error ? error.message : String(error),
    remedy: 'this is a defect of wharf; report it with the command and the output of wharf --version',
  };
}

/** The exit code that goes with a failure. */
export function exitCodeOfFailure(failure: Failure): ExitCode {
  if (failure.code === 'USAGE') return exitCodes.usage;
  return failure.code === 'HELD' ? exitCodes.refused : exitCodes.failed;
}
