import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { types, type Part } from './oci-layout.ts';
import { basic } from './product.ts';

/** Name and password of a user of the product. */
export interface Login {
  readonly name: string;
  readonly password: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  /** code of the first error in the protocol's form */
  readonly code: string | undefined;
  /** its message */
  readonly message: string;
}

/** What the API answered, its body read as JSON. */
export interface Reply<T> {
  readonly status: number;
  readonly json: T;
}

/** The bytes of a manifest and what it refers to, ready to be pushed. */
export interface Pushable {
  readonly manifest: Buffer;
  readonly mediaType: string;
  /** blobs by digest */
  readonly blobs: ReadonlyMap<string, Buffer>;
}

/** Someone who talks to the product over plain HTTP, without any client's caution. */
export interface Visitor {
  send(method: string, path: string, options?: SendOptions): Promise<Answer>;
  /** Pushes blobs, then the manifest; its digest. */
  push(repository: string, image: Pushable, reference?: string): Promise<string>;
  pushBlob(repository: string, bytes: Buffer): Promise<Part>;
  /** GET of the API; the status, and the JSON of the body. */
  api<T>(path: string, query?: Readonly<Record<string, string>>): Promise<Reply<T>>;
  post<T>(path: string, body: object | Buffer | string): Promise<Reply<T>>;
}

export interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

const acceptAll = [
  types.manifest,
  types.index,
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');

export function sha256(bytes: Buffer | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** A visitor of the product at this URL; anonymous where no login is given, with a bearer token where that is. */
export function visitor(url: string, login?: Login | { readonly token: string }): Visitor {
  const authorization =
    login === undefined
      ? undefined
      : 'token' in login
        ? `Bearer ${login.token}`
        : basic(login.name, login.password);

  async function send(method: string, path: string, options: SendOptions = {}): Promise<Answer> {
    const answer = await fetch(`${url}${path}`, {
      method,
      redirect: 'manual',
      headers: { accept: acceptAll, ...(authorization && { authorization }), ...options.headers },
      ...(options.body === undefined ? {} : { body: options.body }),
    });
    const body = Buffer.from(await answer.arrayBuffer());
    const error = errorOf(answer.status, body);
    return { status: answer.status, headers: answer.headers, body, ...error };
  }

  async function pushBlob(repository: string, bytes: Buffer): Promise<Part> {
    const digest = sha256(bytes);
    const headers = { 'content-type': 'application/octet-stream' };
    const answer = await send('POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, {
      headers,
      body: bytes,
    });
    if (answer.status !== 201) throw new Error(`pushing a blob: ${answer.status} ${answer.body.toString()}`);
    return { mediaType: 'application/octet-stream', digest, size: bytes.length };
  }

  async function json<T>(answer: Promise<Answer>): Promise<Reply<T>> {
    const { status, body } = await answer;
    return { status, json: JSON.parse(body.toString()) as T };
  }

  return {
    send,
    pushBlob,
    async push(repository, { manifest, mediaType, blobs }, reference) {
      for (const bytes of blobs.values()) await pushBlob(repository, bytes);
      const digest = sha256(manifest);
      const answer = await send('PUT', `/v2/${repository}/manifests/${reference ?? digest}`, {
        headers: { 'content-type': mediaType },
        body: manifest,
      });
      if (answer.status !== 201)
        throw new Error(`pushing a manifest: ${answer.status} ${answer.body.toString()}`);
      return digest;
    },
    api: (path, query = {}) => json(send('GET', `/api/v1/${path}?${new URLSearchParams(query).toString()}`)),
    post: (path, body) =>
      json(
        send('POST', `/api/v1/${path}`, {
          headers: { 'content-type': 'application/json' },
          body: Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body),
        }),
      ),
  };
}

function errorOf(status: number, body: Buffer): Pick<Answer, 'code' | 'message'> {
  if (status < 400 || body.length === 0) return { code: undefined, message: '' };
  try {
    const told: { errors?: Array<{ code: string; message: string }> } = JSON.parse(body.toString());
    return { code: told.errors?.[0]?.code, message: told.errors?.[0]?.message ?? '' };
  } catch {
    return { code: undefined, message: body.toString() };
  }
}

/** What takes a second where nothing else runs may take a hundred times that on a busy machine. */
const patience = 240_000;

/**
 * Asks until the answer is there: for states that the product reaches by itself.
 * @throws Error after some minutes, which is long before a test is given up
 */
export async function until<T>(ask: () => Promise<T | undefined>, what: string): Promise<T> {
  const end = performance.now() + patience;
  while (performance.now() < end) {
    const found = await ask();
    if (found !== undefined) return found;
    await pause(50);
  }
  throw new Error(`waited in vain: ${what}`);
}

/** A verdict as the API tells it. */
export interface Told {
  readonly outcome: 'allow' | 'warn' | 'hold' | 'deny';
  readonly decided: boolean;
  readonly reasons: ReadonlyArray<{
    readonly routine: string;
    readonly message: string;
    readonly details: readonly string[];
    readonly effect: string;
  }>;
  readonly passed: readonly string[];
}

/** The verdict on an image once it has been checked, whatever could be decided of it. */
export async function checkedVerdict(reader: Visitor, repository: string, reference: string): Promise<Told> {
  return until(async () => {
    const { status, json } = await reader.api<{ verdict?: Told }>('verdict', { repository, reference });
    if (status !== 200) throw new Error(`verdict: ${status} ${JSON.stringify(json)}`);
    const waits = json.verdict?.reasons.some(({ message }) => message.includes('not checked yet'));
    return waits === false ? json.verdict : undefined;
  }, `the verdict on ${repository} ${reference}`);
}

/** Waits until nothing is left to be done of all that was asked for: no verdict is made again by itself then. */
export async function settled(admin: Visitor): Promise<void> {
  await until(async () => {
    const { json } = await admin.api<{ counts: ReadonlyArray<{ state: string }> }>('jobs');
    return json.counts.every(({ state }) => state === 'dead') ? true : undefined;
  }, 'the work of the product to be done');
}
