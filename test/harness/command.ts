import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly cwd?: string;
}

/** Runs a program to its end, whatever its exit code. */
export async function attempt(command: readonly string[], options: CommandOptions = {}): Promise<Finished> {
  const [program, ...args] = command;
  const child = spawn(program!, args, {
    env: { ...process.env, ...options.env },
    cwd: options.cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => {
    // a program need not read its input
  });
  child.stdin.end(options.input ?? '');
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code: typeof code === 'number' ? code : null, stdout, stderr };
}

/** Runs a program and returns what it printed; its failure is an error with all that it said. */
export async function run(command: readonly string[], options?: CommandOptions): Promise<string> {
  const { code, stdout, stderr } = await attempt(command, options);
  if (code !== 0) throw new Error(`${command.join(' ')}\nended with ${code}\n${stdout}\n${stderr}`);
  return stdout;
}

/**
 * A command as it is typed: words`skopeo copy oci:${layout}:${tag} ${remote}`. Blanks between words separate them; what is
 * put in never does.
 */
export function words(parts: TemplateStringsArray, ...values: readonly string[]): string[] {
  const found: string[] = [];
  let word: string | undefined;
  parts.forEach((part, index) => {
    const [first, ...others] = part.split(/\s+/);
    if (first !== '') word = (word ?? '') + first!;
    for (const other of others) {
      if (word !== undefined) found.push(word);
      word = other === '' ? undefined : other;
    }
    const value = values[index];
    if (value !== undefined) word = (word ?? '') + value;
  });
  if (word !== undefined) found.push(word);
  return found;
}
