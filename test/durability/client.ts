import { createHash, randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** Content with its address. */
export interface Content {
  readonly digest: string;
  readonly bytes: Uint8Array;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Speaks to the registry with nothing in between that would try again. */
export interface Client {
  send(method: string, path: string, body?: Uint8Array, headers?: Record<string, string>): Promise<Answer>;
  close(): void;
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';

export function contentOf(bytes: Uint8Array): Content {
  return { digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, bytes };
}

export function randomContent(size: number): Content {
  return contentOf(randomBytes(size));
}

/** A manifest of these parts, which no other call makes again. */
export function manifestOf(config: Content, layers: readonly Content[]): Content {
  const describe = (mediaType: string, { digest, bytes }: Content): object => ({
    mediaType,
    digest,
    size: bytes.length,
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: describe('application/vnd.oci.image.config.v1+json', config),
    layers: layers.map((layer) => describe('application/vnd.oci.image.layer.v1.tar+gzip', layer)),
    annotations: { 'org.opencontainers.image.version': randomBytes(8).toString('hex') },
  };
  return contentOf(Buffer.from(JSON.stringify(manifest)));
}

export function openClient(host: string, authorization: string): Client {
  const agent = new Agent({ keepAlive: true });
  const [hostname, port] = host.split(':');
  return {
    send: (method, path, body, headers = {}) =>
      new Promise((resolve, reject) => {
        const length = body === undefined ? {} : { 'content-length': String(body.length) };
        const outgoing = request(
          { agent, hostname, port, method, path, headers: { authorization, ...length, ...headers } },
          (response) => {
            buffer(response).then(
              (bytes) =>
                resolve({ status: response.statusCode ?? 0, headers: response.headers, body: bytes }),
              reject,
            );
          },
        );
        outgoing.on('error', reject);
        outgoing.end(body);
      }),
    close: () => agent.destroy(),
  };
}

/** Pushes a blob as most clients do: POST, PATCH, PUT. Returns the last answer, or the first that refused. */
export async function pushBlob(client: Client, repository: string, blob: Content): Promise<Answer> {
  const begun = await client.send('POST', `/v2/${repository}/blobs/uploads/`, Buffer.alloc(0));
  if (begun.status !== 202) return begun;
  const type = { 'content-type': 'application/octet-stream' };
  const grown = await client.send('PATCH', locationOf(begun), blob.bytes, type);
  if (grown.status !== 202) return grown;
  const location = locationOf(grown);
  const end = `${location}${location.includes('?') ? '&' : '?'}digest=${blob.digest}`;
  return client.send('PUT', end, Buffer.alloc(0));
}

export function putManifest(
  client: Client,
  repository: string,
  reference: string,
  manifest: Content,
): Promise<Answer> {
  const path = `/v2/${repository}/manifests/${reference}`;
  return client.send('PUT', path, manifest.bytes, { 'content-type': manifestType });
}

/**
 * @throws Error where the registry did not answer 201
 */
export async function created(answer: Promise<Answer>): Promise<void> {
  const { status, body } = await answer;
  if (status !== 201) throw new Error(`refused: ${status} ${body.toString()}`);
}

function locationOf(answer: Answer): string {
  const url = new URL(String(answer.headers['location']), 'http://127.0.0.1');
  return url.pathname + url.search;
}
