import { z } from 'zod';
import { effectiveGate, type Namespace } from '../../access/namespaces.ts';
import { pageFields, parseInput, type ApiContext } from '../context.ts';

const listQuery = z.strictObject(pageFields);

/** Lists the repositories that the caller may pull from. */
export function addRepositoryRoutes(
  context: ApiContext,
  namespaceOf: () => (repository: string) => Namespace,
): void {
  context.app.get('/api/v1/repositories', async (request) => {
    const { last, limit } = parseInput(listQuery, request.query);
    const rights = context.rights();
    const names: string[] = [];
    let after = last;
    let more = true;
    while (more && names.length < limit) {
      const page = await context.catalog.listRepositories({
        ...(after === undefined ? {} : { last: after }),
        limit: 1000,
      });
      more = page.length === 1000;
      after = page.at(-1);
      names.push(...page.filter((name) => rights.may(request.caller, 'pull', name)));
    }
    const shown = names.slice(0, limit);
    return {
      repositories: shown.map((name) => {
        const namespace = namespaceOf()(name);
        return { name, class: namespace.class, gate: effectiveGate(namespace), official: namespace.official };
      }),
      ...(more || names.length > limit ? { next: shown.at(-1) } : {}),
    };
  });
}
