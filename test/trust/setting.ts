import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { expect } from 'vitest';
import { homeOf, makeKey, signer, type KeyKind, type Signer, type SigningKey } from '../harness/cosign.ts';
import { imageOf, smallRoot } from '../harness/images.ts';
import { startProduct, type Product } from '../harness/product.ts';
import {
  checkedVerdict,
  sha256,
  until,
  visitor,
  type Login,
  type Pushable,
  type Told,
  type Visitor,
} from '../harness/registry-client.ts';

const people = {
  publisher: ['pull', 'push', 'delete', 'purge'],
  other: ['pull', 'push'],
  signer: ['pull', 'push', 'sign'],
  reader: ['pull'],
} as const;
export type Person = keyof typeof people | 'stranger' | 'admin' | 'anonymous';

/** The product with a namespace `official`, people with their rights in it, and keys. */
export interface Setting extends AsyncDisposable {
  readonly product: Product;
  readonly folder: string;
  readonly as: Readonly<Record<Person, Visitor>>;
  /** the names of trusted keys are those of their kinds */
  readonly keys: Readonly<Record<string, SigningKey>>;
  /** cosign as the user `signer`, with the key of that name */
  signer(key: string): Signer;
  /** Writes the configuration anew and has it read by SIGHUP; resolves once the log says `told`. */
  reconfigure(change: (config: Config) => object, told?: string): Promise<void>;
}

export interface Config {
  readonly registry: object;
  readonly users: readonly object[];
  readonly namespaces: readonly object[];
  readonly trust: ReadonlyArray<{ readonly repositories: string; readonly keys: readonly object[] }>;
}

/** Starts it. `trusted` are made and trusted, `untrusted` only made. */
export async function openSetting(
  trusted: readonly KeyKind[],
  options: { readonly untrusted?: readonly string[]; readonly registry?: object } = {},
): Promise<Setting> {
  const folder = mkdtempSync(join(tmpdir(), 'trust-'));
  const keys: Record<string, SigningKey> = {};
  for (const kind of trusted) keys[kind] = await makeKey(folder, kind);
  for (const name of options.untrusted ?? []) keys[name] = await makeKey(folder, 'p256', name);
  const login = (name: string): Login => ({ name, password: `${name}-and-no-other` });
  const config: Config = {
    registry: options.registry ?? {},
    namespaces: [
      { name: 'official', official: true },
      { name: 'strict', gate: 'hold' },
      { name: 'open', gate: 'warn' },
    ],
    users: [
      ...Object.entries(people).map(([name, actions]) => ({
        ...login(name),
        rights: ['official/**', 'strict/**', 'open/**'].map((repositories) => ({ repositories, actions })),
      })),
      { ...login('stranger'), rights: [{ repositories: 'elsewhere/**', actions: ['pull', 'push'] }] },
    ],
    trust: trustIn(trusted.map((name) => ({ name, pem: keys[name]!.pem }))),
  };
  const product = await startProduct({ folder, config });
  const as = (name: string): Visitor => visitor(product.url, login(name));
  return {
    product,
    folder,
    keys,
    as: {
      publisher: as('publisher'),
      other: as('other'),
      signer: as('signer'),
      reader: as('reader'),
      stranger: as('stranger'),
      admin: visitor(product.url, { name: product.user, password: product.password }),
      anonymous: visitor(product.url),
    },
    signer: (key) => signer(folder, homeOf(folder, product.host, login('signer')), keys[key]!),
    async reconfigure(change, told = 'were read again') {
      const file = join(folder, 'wharfinger.yaml');
      const times = (): number => product.log().split(told).length;
      const before = times();
      writeFileSync(file, stringify(change(parse(readFileSync(file, 'utf8')) as Config)));
      process.kill(product.pid, 'SIGHUP');
      await until(async () => (times() > before ? true : undefined), `the log to say: ${told}`);
    },
    async [Symbol.asyncDispose]() {
      await product.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Trust in these keys, as the configuration has it: no entry where there are none. */
export function trustIn(keys: readonly { readonly name: string; readonly pem: string }[]): Config['trust'] {
  return keys.length === 0 ? [] : [{ repositories: 'official/**', keys }];
}

/** An image of the publisher, under a tag that is its repository's last name. */
export interface Published {
  readonly repository: string;
  readonly digest: string;
  readonly tag: string;
  readonly image: Pushable;
  /** as cosign takes it */
  readonly reference: string;
}

/** Pushes something as the publisher; a small image where nothing is given. */
export async function push(
  { product, as }: Setting,
  repository: string,
  image: Pushable = imageOf([smallRoot(`${repository} ${Math.random()}`)]),
  tag = 'v1',
): Promise<Published> {
  const digest = await as.publisher.push(repository, image, tag);
  return { repository, digest, tag, image, reference: `${product.host}/${repository}@${digest}` };
}

/** Pushes, and waits until it has been checked. */
export async function publish(
  setting: Setting,
  repository: string,
  image?: Pushable,
  tag?: string,
): Promise<Published> {
  const published = await push(setting, repository, image, tag);
  await verdictOn(setting, published);
  return published;
}

/** Every way to read an image: manifest and blobs, by tag and digest. */
export function pathsOf({ repository, digest, tag, image }: Published): string[] {
  const base = `/v2/${repository}`;
  return [
    `${base}/manifests/${tag}`,
    `${base}/manifests/${digest}`,
    ...[...image.blobs.keys()].map((blob) => `${base}/blobs/${blob}`),
  ];
}

/** Nobody but its publisher and who examines reads any of it; each is told what he may know. */
export async function expectHeld({ as }: Setting, published: Published, reason?: RegExp): Promise<void> {
  const { repository } = published;
  for (const path of pathsOf(published)) {
    const refused = await as.reader.send('GET', path);
    expect([path, refused.status, refused.code]).toEqual([path, 403, 'DENIED']);
    expect(refused.message).toMatch(/held by wharfinger/);
    if (reason) expect(refused.message).toMatch(reason);
    const range = { headers: { range: 'bytes=0-0' } };
    expect((await as.reader.send('GET', path, range)).status).toBe(403);
    expect(await as.reader.send('HEAD', path)).toMatchObject({ status: 403, body: Buffer.alloc(0) });

    const absent = path.replace(repository, 'nobody/has-this');
    for (const method of ['GET', 'HEAD']) {
      const none = await as.stranger.send(method, absent);
      const hidden = await as.stranger.send(method, path);
      expect([hidden.status, hidden.body]).toEqual([none.status, none.body]);
      expect(hidden.status).toBe(404);
      const unnamed = await as.anonymous.send(method, path);
      expect(unnamed.status).toBe(401);
      expect(unnamed.body).toEqual((await as.anonymous.send(method, absent)).body);
    }
  }
}

/** All of it is served, to whoever may pull, as it was pushed. */
export async function expectServed({ as }: Setting, published: Published): Promise<void> {
  for (const path of pathsOf(published)) {
    const answer = await as.reader.send('GET', path);
    expect([path, answer.status, answer.message]).toEqual([path, 200, '']);
    const digest = path.includes('/blobs/') ? path.slice(path.lastIndexOf('/') + 1) : published.digest;
    expect(sha256(answer.body)).toBe(digest);
    expect((await as.reader.send('HEAD', path)).status).toBe(200);
    const hidden = await as.stranger.send('GET', path);
    expect([path, hidden.status]).toEqual([path, 404]);
  }
}

/** The verdict once the image has been checked, as a reader sees it. */
export function verdictOn({ as }: Setting, { repository, digest }: Published): Promise<Told> {
  return checkedVerdict(as.reader, repository, digest);
}

/** What the verdict says against the image, routine by routine. */
export async function reasonsAgainst(setting: Setting, published: Published): Promise<string[]> {
  return (await verdictOn(setting, published)).reasons.map(({ routine }) => routine);
}
