import type { ApiContext } from '../context.ts';

/** Who this server is, and who it takes the caller for. */
export function addAboutRoutes(context: ApiContext, about: { version: string; registry: string }): void {
  context.app.get('/api/v1/about', async () => ({ product: 'wharfinger', ...about }));
  context.app.get('/api/v1/whoami', async (request) => ({ principal: request.caller.principal }));
}
