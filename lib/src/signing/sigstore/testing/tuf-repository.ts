import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { json } from '@sigstore/core';

/** A repository of The Update Framework, whose keeper may do anything wrong. */
export class TufRepository {
  key: KeyObject = generateKeyPairSync('ed25519').privateKey;
  version = 1;
  expires = '2099-01-01T00:00:00Z';
  #rootVersion = 0;
  /** by path below the repository's address */
  readonly files = new Map<string, Buffer>();

  /** Publishes trusted_root.json, signed with `signer`. */
  publish(trustedRoot: string, signer: KeyObject = this.key): void {
    const target = Buffer.from(trustedRoot);
    this.files.set(`targets/${sha256(target)}.trusted_root.json`, target);
    const { version, expires } = this;
    const targets = this.#sign('targets', { targets: { 'trusted_root.json': lengthOf(target) } }, signer);
    this.files.set(`${version}.targets.json`, targets);
    const snapshot = this.#sign('snapshot', { meta: { 'targets.json': { version } } }, signer);
    this.files.set(`${version}.snapshot.json`, snapshot);
    const timestamp = this.#sign('timestamp', { meta: { 'snapshot.json': { version } } }, signer, expires);
    this.files.set('timestamp.json', timestamp);
  }

  /** Publishes the next root, which names `next` as the key of everything; signed with the old key and the new one. */
  rotate(next: KeyObject = this.key): Buffer {
    this.#rootVersion += 1;
    const [id, key] = describe(next);
    const role = { keyids: [id], threshold: 1 };
    const body = {
      _type: 'root',
      spec_version: '1.0.31',
      version: this.#rootVersion,
      expires: '2099-01-01T00:00:00Z',
      consistent_snapshot: true,
      keys: { [id]: key },
      roles: { root: role, targets: role, snapshot: role, timestamp: role },
    };
    const root = envelope(body, [...new Set([this.key, next])]);
    this.key = next;
    this.files.set(`${this.#rootVersion}.root.json`, root);
    return root;
  }

  /** What a client is answered that asks below `url`. */
  fetch(url: string): (asked: string) => Promise<Response> {
    return async (asked) => {
      const found = this.files.get(asked.slice(url.length + 1));
      return found === undefined ? new Response('', { status: 404 }) : new Response(new Uint8Array(found));
    };
  }

  #sign(type: string, fields: object, signer: KeyObject, expires = '2099-01-01T00:00:00Z'): Buffer {
    const body = { _type: type, spec_version: '1.0.31', version: this.version, expires, ...fields };
    return envelope(body, [signer]);
  }
}

function envelope(signed: object, keys: readonly KeyObject[]): Buffer {
  const bytes = Buffer.from(json.canonicalize(signed));
  const signatures = keys.map((key) => ({
    keyid: describe(key)[0],
    sig: sign(null, bytes, key).toString('hex'),
  }));
  return Buffer.from(JSON.stringify({ signed, signatures }));
}

function describe(key: KeyObject): readonly [id: string, key: object] {
  const raw = Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url').toString('hex');
  const described = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: raw } };
  return [sha256(Buffer.from(json.canonicalize(described))), described];
}

function lengthOf(bytes: Buffer): object {
  return { length: bytes.length, hashes: { sha256: sha256(bytes) } };
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
