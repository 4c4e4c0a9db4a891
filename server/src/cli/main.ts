import { CommanderError, type Command } from 'commander';
import { chooseStyle, displayable } from './display.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import { describeFailure, exitCodeOfFailure } from './failure.ts';
import { calledCommand } from './one-command.ts';
import { programWith } from './program-with.ts';
import { makeRun, type Run } from './session.ts';

// Entry of the command line: bin/wharf.js imports this file.

// Who reads our output may stop reading, as head does; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await main(process.argv);

async function main(argv: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = exitCodes.done;
  const surroundings = {
    output: process.stdout,
    error: process.stderr,
    environment: process.env,
  };
  const run = makeRun(surroundings, (finished) => {
    code = finished;
  });
  const program = await programFor(argv.slice(2), run);
  try {
    await program.parseAsync(argv);
    return code;
  } catch (error) {
    // --help and --version end by such an error too
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done;
    return report(error, argv);
  }
}

/** With the command that is called, with all where all are needed, and with none where nothing but the version is asked for. */
async function programFor(words: readonly string[], run: Run): Promise<Command> {
  if (words.length === 1 && words[0] === '--version') return programWith([], run);
  const called = await calledCommand(words);
  return called ? programWith([called], run) : (await import('./program.ts')).createProgram(run);
}

function report(error: unknown, argv: readonly string[]): ExitCode {
  // No command was given: the help that explains them was printed already.
  if (error instanceof CommanderError && error.code === 'commander.help') return exitCodes.usage;
  const failure = describeFailure(error);
  if (argv.includes('--json')) {
    process.stderr.write(`${JSON.stringify({ error: failure })}\n`);
  } else {
    const style = chooseStyle(process.stderr, process.env, !argv.includes('--no-color'));
    const message = failure.message.split('\n').map(displayable).join('\n');
    process.stderr.write(`${style.red('wharf:')} ${message}\n  ${displayable(failure.remedy)}\n`);
  }
  return exitCodeOfFailure(failure);
}
