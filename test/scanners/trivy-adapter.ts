import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { createAdapter } from './adapter/http.ts';
import { createScans } from './adapter/scans.ts';
import { createTrivy } from './adapter/trivy.ts';

/**
 * A scanner adapter: Trivy behind the open API of pluggable scanners, version 1.2, as a program of its own.
 *
 * `node trivy-adapter.ts --cache FOLDER [--listen 127.0.0.1:0] [--waits-while FILE]`. Callers name themselves by what
 * ADAPTER_TOKEN (a bearer token), ADAPTER_LOGIN (`name:password`) and ADAPTER_API_KEY say; anyone may call it without them. The folder is that of `trivy --cache-dir` with its database. No scan begins
 * while there is a file of the last name. Prints its URL once it listens.
 */
const { values } = parseArgs({
  options: {
    cache: { type: 'string' },
    listen: { type: 'string', default: '127.0.0.1:0' },
    'waits-while': { type: 'string' },
  },
});
if (values.cache === undefined) throw new Error('--cache names the folder of the database of Trivy');
const [, host = '127.0.0.1', port = '0'] = /^(.*):(\d+)$/.exec(values.listen) ?? [];

const trivy = await createTrivy(values.cache);
const scans = createScans((request) => trivy.scan(request), values['waits-while']);
const adapter = createAdapter({
  trivy,
  scans,
  token: process.env['ADAPTER_TOKEN'],
  login: process.env['ADAPTER_LOGIN'],
  apiKey: process.env['ADAPTER_API_KEY'],
});
adapter.listen(Number(port), host);
await once(adapter, 'listening');
process.stdout.write(`http://${host}:${(adapter.address() as AddressInfo).port}\n`);
