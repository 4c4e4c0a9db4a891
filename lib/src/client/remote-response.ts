import type { Dispatcher } from 'undici';
import { errorMessage, remoteFailure, type Asked } from './remote-error.ts';

/** What another registry answered. Read its body or discard it. */
export interface RemoteResponse extends Asked {
  readonly status: number;
  /** one header of the answer; undefined: not there, or there more than once */
  header(name: string): string | undefined;
  readonly body: Dispatcher.ResponseData['body'];
}

/** As much of an error's text as is read, and of an unwanted body before its connection is given up. */
const smallBody = 64 * 1024;

/** Reads a small answer whole. */
export async function readText(response: RemoteResponse, limit: number): Promise<string> {
  return Buffer.from(await readBytes(response, limit)).toString('utf8');
}

/**
 * Reads an answer whole.
 * @throws WharfingerError REMOTE_FAILED if it is larger than `limit` bytes or breaks off
 */
export async function readBytes(response: RemoteResponse, limit: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of response.body) {
      const bytes: Uint8Array = piece;
      size += bytes.length;
      if (size > limit) break;
      pieces.push(bytes);
    }
  } catch (error) {
    throw failedToSend(response, error);
  }
  if (size > limit) throw remoteFailure(response, `the answer is larger than ${limit} bytes`);
  return Buffer.concat(pieces);
}

/** The failure that an unwelcome answer is; reads what the other side says about it. */
export async function refusedBy(response: RemoteResponse): Promise<Error> {
  let text = '';
  if (response.method !== 'HEAD') {
    try {
      text = errorMessage(await readText(response, smallBody));
    } catch {
      // The status alone says enough where the body cannot be read.
    }
  }
  return remoteFailure(response, text === '' ? 'the request was refused' : text, response);
}

/** Lets go of an answer whose body is of no interest; its connection can be used again. */
export async function discard(response: RemoteResponse): Promise<void> {
  await response.body.dump({ limit: smallBody }).catch(() => undefined);
}

/** Milliseconds that a Retry-After header asks for; dates are measured by the clock of the side that wrote them. */
export function retryAfter(response: RemoteResponse): number {
  const text = response.header('retry-after') ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const wait = Date.parse(text) - Date.parse(response.header('date') ?? '');
  return Number.isNaN(wait) ? 0 : Math.max(0, wait);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** True for failures of a connection that may be gone when it is tried again. */
export function isPassing(error: unknown): boolean {
  return ['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'UND_ERR_SOCKET'].includes(
    codeOf(error),
  );
}

/** What the network says, as a failure of the other side; what is one already stays as it is. */
export function failedToSend(asked: Asked, error: unknown): Error {
  if (!(error instanceof Error) || error.name === 'WharfingerError') {
    return error instanceof Error ? error : new Error(String(error));
  }
  return remoteFailure(asked, error.message === '' ? codeOf(error) : error.message, { cause: error });
}
