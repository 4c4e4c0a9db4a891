import type { Command } from 'commander';
import { WharfingerError } from '@wharfinger/lib/errors';
import { RegistrySession } from '@wharfinger/lib/client/registry-session';
import { discard } from '@wharfinger/lib/client/remote-response';
import { z } from 'zod';
import { recogniseServer } from '../api-client.ts';
import { storeLogin, type Login } from '../credentials.ts';
import { displayable } from '../display.ts';
import { exitCodes } from '../exit-codes.ts';
import { ask, readStandardInput } from '../prompt.ts';
import { parseHost } from '../repository-argument.ts';
import type { Run, Session } from '../session.ts';

interface LoginOptions {
  readonly username?: string;
  readonly passwordStdin?: boolean;
}

export function addLogin(program: Command, run: Run): void {
  program
    .command('login')
    .summary('log in to a registry')
    .description(
      "Logs in to a registry. The login is checked, then kept in docker's configuration ($DOCKER_CONFIG or ~/.docker), " +
        'or by the credential helper that is configured there; docker, podman, skopeo and cosign use the same.',
    )
    .argument('[host]', 'host[:port] of the registry', 'localhost:5000')
    .option('-u, --username <name>', 'user; asked for if not given')
    .option('--password-stdin', 'read the password from standard input')
    .addHelpText(
      'after',
      '\nExamples:\n  wharf login localhost:5000\n  printf %s "$PASSWORD" | wharf login registry.example.com -u ci --password-stdin',
    )
    .action(
      run(async (session: Session, options: LoginOptions, given: string) => {
        const host = parseHost(given);
        const login = await obtainLogin(options);
        await checkLogin(host, login, session);
        const where = await storeLogin(host, login, session.environment);
        session.result({ host, username: login.username, storedIn: where }, () =>
          displayable(`Logged in to ${host} as ${login.username}; kept in ${where}.`),
        );
        return exitCodes.done;
      }),
    );
}

async function obtainLogin({ username, passwordStdin }: LoginOptions): Promise<Login> {
  if (passwordStdin && username === undefined) {
    throw new WharfingerError('USAGE', { what: '--password-stdin needs --username' });
  }
  const remedy = 'give --username and --password-stdin';
  const name = username ?? (await ask('User: ', false, remedy));
  const password = passwordStdin ? await readStandardInput() : await ask('Password: ', true, remedy);
  if (name === '' || name.includes(':')) {
    throw new WharfingerError('USAGE', { what: `${JSON.stringify(name)} is not a user name` });
  }
  if (password === '') throw new WharfingerError('USAGE', { what: 'the password is empty' });
  return { username: name, password };
}

const whoami = z.object({ principal: z.string().nullable() });

/** A registry that lets anybody in says nothing of a password; ours is asked who we are. */
async function checkLogin(host: string, login: Login, session: Session): Promise<void> {
  const server = await recogniseServer(host, session, login);
  if (server !== undefined) {
    const { principal } = await server.get('/api/v1/whoami', {}, whoami);
    if (principal !== login.username) throw wrongLogin(host);
    return;
  }
  const registry = new RegistrySession(host, { credentials: login, insecure: session.plainHttp });
  try {
    const response = await registry.request({ method: 'GET', url: '/v2/', scope: '' });
    await discard(response);
    if (response.status === 401 || response.status === 403) throw wrongLogin(host);
    if (response.status !== 200) {
      throw new WharfingerError('REMOTE_FAILED', { what: `${host} answered ${response.status} to /v2/` });
    }
  } finally {
    await registry.close();
  }
}

function wrongLogin(host: string): WharfingerError {
  return new WharfingerError('UNAUTHORIZED', {
    what: `${host} does not take this user and password`,
    remedy: 'check both',
  });
}
