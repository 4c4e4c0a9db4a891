import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { styleText } from 'node:util';
import { launcher, patienceMs } from './registry.ts';

const bold = (words: string) => styleText('bold', words);
const dim = (words: string) => styleText('dim', words);

/** Something came out otherwise than this demonstration says. */
export class Surprise extends Error {}

/** Begins a step. */
export function step(number: number, title: string, explanation: string): void {
  console.log(`\n${bold(`${number}. ${title}`)}\n   ${explanation}\n`);
}

/** Shows what a user would type for what happens next. */
export function typed(command: string): void {
  console.log(dim(`   $ ${command}`));
}

/** Shows what came out, indented. */
export function shown(output: string): void {
  for (const line of output.trimEnd().split('\n')) console.log(line === '' ? '' : `   ${line}`);
}

/** Throws unless it came out as told. */
export function expectThat(cameOut: boolean, what: string): void {
  if (!cameOut) throw new Surprise(what);
}

/** Where a command is typed, and what it is given on standard input. */
interface Typed {
  readonly folder?: string;
  readonly input?: string;
}

/** Runs `wharf` as the user whose docker configuration lies in `login`; its output and exit code. */
export async function runWharf(
  login: string,
  given: readonly string[],
  { folder, input = '' }: Typed = {},
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [launcher, ...given], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      XDG_CACHE_HOME: login,
      DOCKER_CONFIG: login,
    },
  });
  child.stdin.end(input);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [output, error, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, output: output + error };
}

/** Types a command of `wharf`, shows what it prints, and demands its exit code. */
export async function wharf(
  login: string,
  given: readonly string[],
  wanted: number,
  where: Typed = {},
): Promise<void> {
  typed(`wharf ${given.map((word) => (/^[\w.,:/@=-]+$/.test(word) ? word : `'${word}'`)).join(' ')}`);
  const { code, output } = await runWharf(login, given, where);
  shown(output);
  console.log(dim(`   (exit code ${code})`));
  expectThat(code === wanted, `wharf ${given[0]} ended with ${code} instead of ${wanted}`);
}

const undecided = 4;

/** Waits until an image that was just pushed is checked. */
export async function settled(login: string, image: string): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    const { code } = await runWharf(login, ['verdict', image, '--json']);
    if (code !== undecided) return;
    await pause(250);
  }
  throw new Surprise(`${image} was not checked within ${patienceMs / 1000} seconds`);
}
