import { isIP } from 'node:net';
import { addressRank } from './address-rank.ts';

/**
 * Where a registry that references name is spoken to. docker.io lies at a host of its own; loopback is spoken to in plain
 * HTTP, as every client does; anything else over TLS unless `insecure`.
 */
export function registryOrigin(registry: string, options: { readonly insecure?: boolean } = {}): URL {
  const host = registry === 'docker.io' || registry === 'index.docker.io' ? 'registry-1.docker.io' : registry;
  const secure = new URL(`https://${host}/`);
  return options.insecure || isLoopback(secure.hostname) ? new URL(`http://${host}/`) : secure;
}

/** True for names and addresses of this machine itself, as a URL has them. */
export function isLoopback(hostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return bare === 'localhost' || (isIP(bare) > 0 && addressRank(bare) === 2);
}
