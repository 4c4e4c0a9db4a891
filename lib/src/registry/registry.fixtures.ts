import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Catalog } from '../catalog/catalog.ts';
import { openMemoryCatalog } from '../catalog/memory.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf, type Digest, type DigestAlgorithm } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import { openFileSystemBlobStore } from '../storage/file-system.ts';
import { openMemoryBlobStore } from '../storage/memory.ts';
import { createRegistryHandler } from './handler.ts';
import type { Caller, RegistryHost, ServedEvent } from './host.ts';
import type { RegistrySettings } from './settings.ts';

/** Rules of the host of a test, permissive until a test replaces one. */
export type Rules = Pick<RegistryHost, 'may' | 'gateManifest' | 'gateBlob' | 'isTagImmutable'> & {
  scopes?: Caller['scopes'];
  opens?: Caller['opens'];
};

/** All fields of the documents that the protocol answers with. */
export interface Document {
  readonly errors: ReadonlyArray<{
    readonly code: string;
    readonly message: string;
    readonly detail?: unknown;
  }>;
  readonly name: string;
  readonly tags: readonly string[];
  readonly repositories: readonly string[];
  readonly manifests: readonly Descriptor[];
}

/** An answer, read whole. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly json: () => Document;
  /** code of the first OCI error, if it is one */
  readonly code: string | undefined;
}

/** What a request sends. */
export interface Sent {
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array | Array<string | Uint8Array>;
  /** who sends it; absent: anonymous */
  readonly user?: string;
}

/** A registry behind a real HTTP server. */
export interface TestRegistry {
  readonly port: number;
  readonly catalog: Catalog;
  readonly storage: BlobStore;
  readonly rules: Rules;
  readonly served: ServedEvent[];
  readonly failures: unknown[];
  /** Sends a request with exactly this path; a body in a list is sent in chunks, without a length. */
  call(method: string, path: string, sent?: Sent): Promise<Answer>;
  /** Throws if the handler reported a failure that is still in `failures`. */
  close(): Promise<void>;
}

function userOf({ headers }: IncomingMessage): string | null {
  const text = headers.authorization;
  return text === undefined ? null : Buffer.from(text.slice(6), 'base64').toString().split(':')[0]!;
}

/** Stores that the protocol is tested over. */
export const stores = ['memory', 'file system'] as const;

/** Starts a registry on a free port, over a new store of a kind or over one that is given. */
export async function startRegistry(
  store: (typeof stores)[number] | BlobStore = 'memory',
  settings: Partial<RegistrySettings> = {},
): Promise<TestRegistry> {
  const folder = store === 'file system' ? await mkdtemp(join(tmpdir(), 'registry-')) : undefined;
  const given = typeof store === 'string' ? openMemoryBlobStore(() => new Date()) : store;
  const storage = folder === undefined ? given : await openFileSystemBlobStore(folder);
  const catalog = openMemoryCatalog();
  const served: ServedEvent[] = [];
  const failures: unknown[] = [];
  const rules: Rules = {
    may: () => true,
    gateManifest: () => ({ serve: true }),
    gateBlob: () => ({ serve: true }),
    isTagImmutable: () => false,
  };
  const host: RegistryHost = {
    identify: (incoming) => ({
      principal: userOf(incoming),
      address: incoming.socket.remoteAddress ?? '',
      client: incoming.headers['user-agent'] ?? '',
      ...(rules.scopes ? { scopes: rules.scopes } : {}),
      ...(rules.opens ? { opens: rules.opens } : {}),
    }),
    may: (...asked) => rules.may(...asked),
    challenge: (_, scopes) => `Bearer realm="http://test/token",scope="${scopes.join(' ')}"`,
    gateManifest: (question) => rules.gateManifest(question),
    gateBlob: (question) => rules.gateBlob(question),
    isTagImmutable: (...asked) => rules.isTagImmutable(...asked),
    now: () => new Date(),
    served: (event) => served.push(event),
    failed: (error) => failures.push(error),
  };
  const handler = createRegistryHandler({ storage, catalog, host, settings });
  const server = createServer((incoming, response) => void handler(incoming, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  async function call(
    method: string,
    path: string,
    { headers = {}, body, user }: Sent = {},
  ): Promise<Answer> {
    const authorization =
      user === undefined ? {} : { authorization: `Basic ${Buffer.from(`${user}:x`).toString('base64')}` };
    const length =
      body === undefined || Array.isArray(body) ? {} : { 'content-length': Buffer.byteLength(body) };
    const outgoing = request({
      host: '127.0.0.1',
      port,
      method,
      path,
      headers: { ...length, ...authorization, ...headers },
    });
    if (Array.isArray(body)) for (const piece of body) outgoing.write(piece);
    outgoing.end(Array.isArray(body) ? undefined : body);
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    const bytes = await buffer(response);
    const json = (): Document => JSON.parse(bytes.toString());
    const isError = (response.statusCode ?? 0) >= 400 && bytes.length > 0;
    return {
      status: response.statusCode!,
      headers: response.headers,
      body: bytes,
      json,
      code: isError ? json().errors[0]?.code : undefined,
    };
  }

  return {
    port,
    catalog,
    storage,
    rules,
    served,
    failures,
    call,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      if (folder !== undefined) await rm(folder, { recursive: true });
      if (failures.length > 0) throw new Error('the handler failed', { cause: failures[0] });
    },
  };
}

/** A descriptor of these bytes. */
export function descriptorOf(
  mediaType: string,
  bytes: string | Uint8Array,
  algorithm: DigestAlgorithm = 'sha256',
): { mediaType: string; digest: Digest; size: number } {
  return { mediaType, digest: digestOf(bytes, algorithm), size: Buffer.byteLength(bytes) };
}

/** Pushes a blob with one POST; returns its digest. */
export async function pushBlob(
  registry: TestRegistry,
  repository: string,
  bytes: string | Uint8Array,
  { user, algorithm = 'sha256' }: { user?: string; algorithm?: DigestAlgorithm } = {},
): Promise<Digest> {
  const digest = digestOf(bytes, algorithm);
  const path = `/v2/${repository}/blobs/uploads/?digest=${digest}`;
  const { status, body } = await registry.call('POST', path, { body: bytes, ...(user ? { user } : {}) });
  if (status !== 201) throw new Error(`push of a blob answered ${status} ${body.toString()}`);
  return digest;
}

/** A manifest's bytes, with media type and schema version filled in. */
export function documentOf(fields: Record<string, unknown>): Buffer {
  const mediaType = 'manifests' in fields ? mediaTypes.ociIndex : mediaTypes.ociManifest;
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...fields }));
}

/** Pushes a document under a reference and returns the answer. */
export function putDocument(
  registry: TestRegistry,
  repository: string,
  reference: string,
  bytes: Buffer,
  { user, contentType }: { user?: string; contentType?: string } = {},
): Promise<Answer> {
  const type = contentType ?? (JSON.parse(bytes.toString()).mediaType as string);
  return registry.call('PUT', `/v2/${repository}/manifests/${reference}`, {
    body: bytes,
    headers: { 'content-type': type },
    ...(user ? { user } : {}),
  });
}

/** Pushes an image of a config and layers with these texts; returns its bytes and digest. */
export async function pushImage(
  registry: TestRegistry,
  repository: string,
  reference: string | undefined,
  texts: readonly string[],
  more: { user?: string; fields?: Record<string, unknown> } = {},
): Promise<{ digest: Digest; bytes: Buffer }> {
  const user = more.user === undefined ? {} : { user: more.user };
  for (const text of texts) await pushBlob(registry, repository, text, user);
  const [config = '{}', ...layers] = texts;
  const bytes = documentOf({
    config: descriptorOf(mediaTypes.ociConfig, config),
    layers: layers.map((text) => descriptorOf(mediaTypes.ociLayer, text)),
    ...more.fields,
  });
  const digest = digestOf(bytes);
  const answer = await putDocument(registry, repository, reference ?? digest, bytes, user);
  if (answer.status !== 201) throw new Error(`push answered ${answer.status} ${answer.body.toString()}`);
  return { digest, bytes };
}
