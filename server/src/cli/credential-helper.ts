import { spawn } from 'node:child_process';
import { z } from 'zod';
import { WharfingerError } from '@wharfinger/lib/errors';

const answer = z.object({ Username: z.string(), Secret: z.string() });

/** The program docker-credential-<name>, and the environment to run it in. */
export interface Helper {
  readonly name: string;
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * Asks one of docker's credential helpers for the login of a key, has it store one, or erase it.
 * @returns the login that it had or has now; undefined where it has none for this key
 * @throws WharfingerError CONFIG_INVALID where it cannot be run or fails: a broken helper must not look like "no login"
 */
export async function askHelper(
  helper: Helper,
  key: string,
  change?: { readonly username: string; readonly password: string } | 'erase',
): Promise<{ username: string; password: string } | undefined> {
  const program = `docker-credential-${helper.name}`;
  const refuse = (what: string): never => {
    throw new WharfingerError('CONFIG_INVALID', {
      what: `${program}: ${what}`,
      remedy: "see credsStore and credHelpers in docker's config.json",
    });
  };
  if (!/^[\w.-]+$/.test(helper.name)) refuse('this is not a name of a credential helper');
  const ask = async (verb: 'get' | 'store' | 'erase', input: string) => {
    const { code, output } = await runHelper(program, verb, input, helper.environment).catch((error: Error) =>
      refuse(`it could not be run (${error.message})`),
    );
    if (code === 0) return output;
    if (/credentials not found/i.test(output)) return undefined;
    return refuse(output.trim().slice(0, 200) || `exit code ${code}`);
  };
  if (change !== undefined && change !== 'erase') {
    await ask(
      'store',
      JSON.stringify({ ServerURL: key, Username: change.username, Secret: change.password }),
    );
    return change;
  }
  const output = await ask('get', key);
  if (output === undefined) return undefined;
  const parsed = answer.safeParse(parseJson(output));
  if (!parsed.success) return refuse('its answer is not what the protocol asks for');
  if (change === 'erase') await ask('erase', key);
  return { username: parsed.data.Username, password: parsed.data.Secret };
}

/** Output beyond this is no login. */
const outputLimit = 1024 * 1024;

function runHelper(
  program: string,
  verb: string,
  input: string,
  environment: NodeJS.ProcessEnv,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [verb], {
      env: environment,
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: 30_000,
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.length > outputLimit) child.kill();
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
    // It may end without having read what it was asked; its exit code tells.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
