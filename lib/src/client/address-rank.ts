import { lookup, type LookupAddress } from 'node:dns';
import { lookup as lookUp } from 'node:dns/promises';
import { BlockList, isIP, type LookupFunction } from 'node:net';

const inside = new BlockList();
for (const [net, prefix] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
] as const) {
  inside.addSubnet(net, prefix, 'ipv4');
}
inside.addSubnet('fc00::', 7, 'ipv6');

const own = new BlockList();
for (const [net, prefix] of [
  ['127.0.0.0', 8],
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
] as const) {
  own.addSubnet(net, prefix, 'ipv4');
}
own.addSubnet('::', 127, 'ipv6');
own.addSubnet('fe80::', 10, 'ipv6');

/** How far inside an address lies: 0 public, 1 a private network, 2 this machine or this link. */
export function addressRank(address: string): 0 | 1 | 2 {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (own.check(address, family)) return 2;
  return inside.check(address, family) ? 1 : 0;
}

/** The highest rank among the addresses of a host. Throws what the look-up throws. */
export async function hostRank(hostname: string): Promise<0 | 1 | 2> {
  const bare = hostname.replace(/^\[|\]$/g, '');
  if (isIP(bare) > 0) return addressRank(bare);
  return highest(await lookUp(bare, { all: true }));
}

function highest(addresses: readonly LookupAddress[]): 0 | 1 | 2 {
  const ranks = addresses.map(({ address }) => addressRank(address));
  return ranks.includes(2) ? 2 : ranks.includes(1) ? 1 : 0;
}

/**
 * A look-up for sockets that refuses names which lead further inside than `most`: a registry out there may send us
 * elsewhere, but not to services that only this machine or network can reach.
 */
export function lookupUpTo(most: 0 | 1 | 2): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const first = addresses?.[0];
      if (error !== null || first === undefined) return callback(error, '');
      if (highest(addresses) > most) {
        return callback(
          Object.assign(new Error(`${hostname} leads to an inner address`), { code: 'EACCES' }),
          '',
        );
      }
      if (options.all) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });
  };
}
