/** Pushes unique images, several at once, as docker, podman and crane do: POST, PATCH, PUT for each blob, then the manifest. */
import { createHash, randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { configOf, manifestOf, type Blob } from '../image.ts';
import { openSender, pushBlob } from './send.ts';

export interface PushTask {
  readonly port: number;
  readonly authorization?: string;
  readonly repository: string;
  /** bytes of the one layer of each image */
  readonly layerSize: number;
  readonly images: number;
  readonly atOnce: number;
}

export interface PushResult {
  readonly images: number;
  readonly seconds: number;
}

interface Prepared {
  readonly layer: Blob & { readonly parts: readonly Uint8Array[] };
  readonly config: Blob & { readonly bytes: Uint8Array };
}

/** Content is random but for 32 bytes that differ from image to image, and is hashed before the clock starts. */
function prepare(task: PushTask): Prepared[] {
  const rest = randomBytes(task.layerSize - 32);
  return Array.from({ length: task.images }, () => {
    const first = randomBytes(32);
    const digest = `sha256:${createHash('sha256').update(first).update(rest).digest('hex')}`;
    const layer = { digest, size: task.layerSize, parts: [first, rest] };
    return { layer, config: configOf(digest) };
  });
}

async function run(task: PushTask): Promise<PushResult> {
  const prepared = prepare(task);
  const { send, close } = openSender(task);
  const begin = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < prepared.length; index = next++) {
      const { layer, config } = prepared[index]!;
      await pushBlob(send, task.repository, layer.digest, layer.parts);
      await pushBlob(send, task.repository, config.digest, [config.bytes]);
      const manifest = manifestOf(config, [layer]);
      await send('PUT', `/v2/${task.repository}/manifests/image-${index}`, 201, [manifest.bytes], {
        'content-type': manifest.mediaType,
      });
    }
  };
  await Promise.all(Array.from({ length: task.atOnce }, worker));
  const seconds = (performance.now() - begin) / 1000;
  close();
  return { images: prepared.length, seconds };
}

if (import.meta.main) {
  const task: PushTask = JSON.parse(await text(process.stdin));
  process.stdout.write(JSON.stringify(await run(task)));
}
