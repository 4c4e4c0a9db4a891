import { readFileSync } from 'node:fs';
import type { ApiContext } from '../context.ts';

/** The web console's page, and the signs of life that supervisors ask for. */
export function addWebRoutes({ app }: ApiContext): void {
  const page = readFileSync(new URL('../../../../web/index.html', import.meta.url));
  app.get('/', async (_, reply) => reply.type('text/html; charset=utf-8').send(page));
  // It listens only after everything was opened, so to answer is to be ready.
  app.get('/readyz', async () => ({ ready: true }));
  app.get('/livez', async () => ({ alive: true }));
}
