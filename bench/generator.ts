import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { PushResult, PushTask } from './load/push.ts';
import type { RequestResult, RequestTask } from './load/requests.ts';
import type { RunningServer } from './running-server.ts';

/** Sends requests over keep-alive connections and counts answers; see load/requests.ts. */
export function sendRequests(task: RequestTask): Promise<RequestResult> {
  return inProcess('requests.ts', task);
}

/** Pushes unique images; see load/push.ts. */
export function pushImages(task: PushTask): Promise<PushResult> {
  return inProcess('push.ts', task);
}

/** One request as it goes over the wire. */
export function requestText(
  server: RunningServer,
  method: string,
  path: string,
  body?: { type: string; bytes: Uint8Array },
): string {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${server.port}`,
    'User-Agent: wharfinger-bench',
    'Accept: application/vnd.oci.image.manifest.v1+json',
    ...(server.kind.authorization === undefined ? [] : [`Authorization: ${server.kind.authorization}`]),
    ...(body === undefined ? [] : [`Content-Type: ${body.type}`, `Content-Length: ${body.bytes.length}`]),
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body === undefined ? '' : Buffer.from(body.bytes).toString('latin1')}`;
}

async function inProcess<Result>(file: string, task: object): Promise<Result> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'load', file)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  child.stdin.end(JSON.stringify(task));
  const [printed, [code]] = await Promise.all([text(child.stdout), ended]);
  if (code !== 0) throw new Error(`${file} failed`);
  const result: Result = JSON.parse(printed);
  return result;
}
