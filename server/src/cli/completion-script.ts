import type { Command } from 'commander';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** One command of the tree: its words after `wharf`, what may follow, and the options it knows. */
interface Node {
  readonly path: readonly string[];
  readonly commands: readonly Word[];
  readonly options: readonly Word[];
  /** what its first argument may be, where that is a choice; files are offered otherwise */
  readonly choices: readonly string[];
}

interface Word {
  readonly word: string;
  readonly description: string;
}

/** A script that completes the commands and options of `program`, made from its command tree. */
export function completionScript(shell: Shell, program: Command): string {
  const globals = optionsOf(program);
  const nodes = walk(program, [], globals);
  const name = program.name();
  if (shell === 'bash') return bash(name, nodes);
  return shell === 'zsh' ? zsh(name, nodes) : fish(name, nodes, globals);
}

function walk(command: Command, path: readonly string[], globals: readonly Word[]): Node[] {
  const children = command.commands;
  const node: Node = {
    path,
    commands: children.map((child) => ({ word: child.name(), description: child.summary() })),
    options:
      path.length === 0
        ? globals
        : [...optionsOf(command).filter(({ word }) => word !== '--help'), ...globals],
    choices: command.registeredArguments[0]?.argChoices ?? [],
  };
  return [node, ...children.flatMap((child) => walk(child, [...path, child.name()], globals))];
}

function optionsOf(command: Command): Word[] {
  const options = command.createHelp().visibleOptions(command);
  return options.flatMap(({ long, description }) => (long ? [{ word: long, description }] : []));
}

const header = (shell: Shell) => `# Completion of wharf for ${shell}; made by: wharf completion ${shell}\n`;

const words = (list: readonly Word[]) => list.map(({ word }) => word).join(' ');

/** Shell statement that leaves in `typed` the words of the command so far, joined by spaces. */
function pathCases(nodes: readonly Node[]): string {
  const paths = nodes.filter(({ path }) => path.length > 0).map(({ path }) => `"${path.join(' ')}"`);
  return `case "\${typed:+$typed }$word" in ${paths.join('|')}) typed="\${typed:+$typed }$word" ;; esac`;
}

function bash(name: string, nodes: readonly Node[]): string {
  const cases = nodes.map(
    ({ path, commands, options, choices }) =>
      `    "${path.join(' ')}") commands="${[words(commands), ...choices].filter(Boolean).join(' ')}" options="${words(options)}" ;;`,
  );
  return `${header('bash')}_${name}() {
  local typed="" word commands options current="\${COMP_WORDS[COMP_CWORD]}"
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    ${pathCases(nodes)}
  done
  case "$typed" in
${cases.join('\n')}
  esac
  if [[ "$current" == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [[ -n "$commands" ]]; then
    COMPREPLY=($(compgen -W "$commands" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _${name} ${name}
`;
}

function zsh(name: string, nodes: readonly Node[]): string {
  const quoted = ({ word, description }: Word) =>
    `'${word}:${description.replaceAll("'", "'\\''").replaceAll(':', '\\:')}'`;
  const cases = nodes.map(({ path, commands, options, choices }) => {
    const offered = [...commands, ...choices.map((word) => ({ word, description: '' }))];
    return `    "${path.join(' ')}") offers=(${offered.map(quoted).join(' ')}) flags=(${options.map(quoted).join(' ')}) ;;`;
  });
  return `#compdef ${name}
${header('zsh')}_${name}() {
  local typed="" word
  local -a offers flags
  for word in "\${(@)words[2,CURRENT-1]}"; do
    ${pathCases(nodes)}
  done
  case "$typed" in
${cases.join('\n')}
  esac
  if [[ "$PREFIX" == -* ]]; then
    _describe option flags
  elif (( \${#offers} )); then
    _describe command offers
  else
    _files
  fi
}
if [[ "$funcstack[1]" == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;
}

function fish(name: string, nodes: readonly Node[], globals: readonly Word[]): string {
  const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const paths = nodes.filter(({ path }) => path.length > 0).map(({ path }) => quoted(path.join(' ')));
  const lines = nodes.flatMap(({ path, commands, options, choices }) => {
    const when = `-n ${quoted(`__${name}_at ${quoted(path.join(' '))}`)}`;
    const own = path.length === 0 ? [] : options.filter((option) => !globals.includes(option));
    return [
      ...[...commands, ...choices.map((word) => ({ word, description: '' }))].map(
        ({ word, description }) =>
          `complete -c ${name} ${when} -f -a ${quoted(word)} -d ${quoted(description)}`,
      ),
      ...own.map(
        ({ word, description }) =>
          `complete -c ${name} ${when} -l ${word.slice(2)} -d ${quoted(description)}`,
      ),
    ];
  });
  return `${header('fish')}function __${name}_at
  set -l path ''
  for word in (commandline -opc)[2..-1]
    set -l next (string trim -- "$path $word")
    contains -- "$next" ${paths.join(' ')}; and set path $next
  end
  test "$path" = "$argv[1]"
end
${lines.join('\n')}
${globals.map(({ word, description }) => `complete -c ${name} -l ${word.slice(2)} -d ${quoted(description)}`).join('\n')}
`;
}
