import { z } from 'zod';
import { currentSnapshot, type SnapshotParts } from '../../pipeline/snapshot.ts';
import { demand, parseInput, repositoryField, type ApiContext } from '../context.ts';

const query = z.strictObject({ repository: repositoryField });

/** What all tags of a repository mean now, signed by this registry, for those who verify that nobody holds back a newer state. */
export function addSnapshotRoutes(context: ApiContext, parts: SnapshotParts): void {
  context.app.get('/api/v1/snapshot', async (request, reply) => {
    const { repository } = parseInput(query, request.query);
    demand(context, request, 'pull', repository);
    const envelope = await currentSnapshot(parts, repository);
    return reply.type('application/json').send(Buffer.from(envelope));
  });
}
