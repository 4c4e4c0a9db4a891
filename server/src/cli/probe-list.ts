import { openJudgement } from '@wharfinger/lib/assess/judgement-seal';
import { requireServer } from './api-client.ts';
import { formatTable } from './display.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import { parseHost } from './repository-argument.ts';
import type { Session } from './session.ts';

/** `wharf probe list`: what the judgement of a registry says. */
export async function listProbes(session: Session, _options: object, given: string): Promise<ExitCode> {
  const host = parseHost(given);
  const server = await requireServer(host, session);
  const bytes = await server.getBytes('/api/v1/judgement', {});
  // it is shown, not judged by: that it came from the registry itself is enough
  const { judgement } = openJudgement(bytes, { registryKeys: [], now: session.now(), unsigned: true });
  const probes = (judgement.probes ?? []).map(({ pattern, ...probe }) => ({
    ...probe,
    repositories: pattern,
  }));
  session.result({ host, probes }, () =>
    probes.length === 0
      ? 'No probes are run.'
      : formatTable(
          ['NAME', 'ON IMAGES OF', 'SIGNED BY', 'PROBE'],
          probes.map(({ name, repositories, signedBy, repository, digest }) => [
            name,
            repositories,
            signedBy ?? '-',
            `${repository}@${digest}`,
          ]),
          session.style,
        ),
  );
  return exitCodes.done;
}
