import { Argument, type Command } from 'commander';
import { completionScript, shells, type Shell } from '../completion-script.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Run, Session } from '../session.ts';

export function addCompletion(program: Command, run: Run): void {
  program
    .command('completion')
    .summary('print a completion script for a shell')
    .description('Prints a script that teaches a shell to complete commands and options of wharf.')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .addHelpText(
      'after',
      '\nExamples:\n  source <(wharf completion bash)\n  wharf completion zsh > "${fpath[1]}/_wharf"\n' +
        '  wharf completion fish > ~/.config/fish/completions/wharf.fish',
    )
    .action(
      run(async (session: Session, _options: object, shell: Shell) => {
        const script = completionScript(shell, program);
        session.result({ shell, script }, () => script.trimEnd());
        return exitCodes.done;
      }),
    );
}
