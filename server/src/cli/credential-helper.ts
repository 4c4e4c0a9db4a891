import { spawn } from 'node:child_process';
import { z } from 'zod';
import { WharfingerError } from '@wharfinger/lib/errors';

const answer = z.object({ Username: z.string(), Secret: z.string() });

/**
 * Asks one of docker's credential helpers (the program docker-credential-<name>) for a login.
 * @returns undefined where it has none for this key
 * @throws WharfingerError CONFIG_INVALID where it cannot be run or fails: a broken helper must not look like "no login"
 */
export async function askCredentialHelper(
  name: string,
  key: string,
  environment: NodeJS.ProcessEnv,
): Promise<{ username: string; secret: string } | undefined> {
  const program = `docker-credential-${name}`;
  const refuse = (what: string): never => {
    throw new WharfingerError('CONFIG_INVALID', {
      what: `${program}: ${what}`,
      remedy: "see credsStore and credHelpers in docker's config.json",
    });
  };
  if (!/^[\w.-]+$/.test(name)) refuse('this is not a name of a credential helper');
  const { code, output } = await runHelper(program, key, environment).catch((error: Error) =>
    refuse(`it could not be run (${error.message})`),
  );
  if (code !== 0) {
    return /credentials not found/i.test(output)
      ? undefined
      : refuse(output.trim().slice(0, 200) || `exit code ${code}`);
  }
  const parsed = answer.safeParse(parseJson(output));
  if (!parsed.success) return refuse('its answer is not what the protocol asks for');
  return { username: parsed.data.Username, secret: parsed.data.Secret };
}

/** Output beyond this is no login. */
const outputLimit = 1024 * 1024;

function runHelper(
  program: string,
  key: string,
  environment: NodeJS.ProcessEnv,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], {
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
    child.stdin.end(key);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
