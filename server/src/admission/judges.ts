import { readFile } from 'node:fs/promises';
import type { Credentials } from '@wharfinger/lib/client/credentials';
import { findLogin } from '../cli/credentials.ts';
import type { Session } from '../cli/session.ts';
import type { RegistryConfig } from './config.ts';
import { hostKey } from './decide.ts';
import type { Judge } from './decision.ts';
import { makeFileJudge } from './file-judge.ts';
import { makeServerJudge } from './server-judge.ts';

/** A judge for each host that is configured, and for `*`. */
export function judgesFor(
  registries: readonly RegistryConfig[],
  platforms: readonly string[],
  session: Session,
): ReadonlyMap<string, Judge> {
  return new Map(
    registries.flatMap((entry) => {
      const judge = judgeFor(entry, platforms, session);
      return entry.hosts.map((host): [string, Judge] => [hostKey(host), judge]);
    }),
  );
}

function judgeFor(entry: RegistryConfig, platforms: readonly string[], session: Session): Judge {
  const login = async (registry: string): Promise<Credentials | undefined> => {
    if (entry.credentials === undefined) return findLogin(registry, session.environment);
    const { username, passwordFile } = entry.credentials;
    return { username, password: (await readFile(passwordFile, 'utf8')).trim() };
  };
  const { server, judgement, keys, identity, advisories, plainHttp } = entry;
  if (server !== undefined) {
    const trust = { keys, session, ...(identity === undefined ? {} : { identity }) };
    return makeServerJudge({
      server,
      platforms,
      login: () => login(new URL(server).host),
      ...(keys.length === 0 ? {} : { trust }),
    });
  }
  return makeFileJudge({
    file: { judgement: judgement!, keys, ...(identity === undefined ? {} : { identity }) },
    ...(advisories === undefined ? {} : { advisories }),
    plainHttp,
    platforms,
    login,
    session,
  });
}
