import { join } from 'node:path';
import type { ServerKind } from './server.ts';

const password = 'measured-with-authentication-on';
const launcher = join(import.meta.dirname, '../../server/bin/wharf.js');

/** This product as `npm start` runs it: authentication, gate, inspection and audit on. */
export const wharfinger: ServerKind = {
  name: 'wharfinger',
  durability: 'fsync of blob, directory and database log before 201; authentication and gate on',
  find: () => process.execPath,
  launch: (_program, folder, port) => ({
    args: [launcher, 'serve'],
    env: {
      WHARFINGER_LISTEN: `127.0.0.1:${port}`,
      WHARFINGER_DATA: folder,
      WHARFINGER_ADMIN_PASSWORD: password,
    },
  }),
  readyPath: '/readyz',
  authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`,
};
