import type { Digest } from '../oci/digest.ts';
import type { ImageManifest } from '../oci/manifest.ts';
import { composeImage } from './compose-image.ts';
import { frameOf, readFrames } from './frames.ts';
import { giveUpRights } from './give-up-rights.ts';
import type { ImageInventory, LayerInventory } from './inventory.ts';
import { packInventory, unpackInventory } from './packed-json.ts';

/**
 * Program of the process that composes an image: reads frames from standard input (a ComposeRequest as JSON; the config's
 * bytes, if there is one; then for each layer its digest and its packed inventory), and writes the packed inventory of the
 * image as one frame to standard output. It opens nothing. What it is given may be wrong in any way: it ends then.
 */
export interface ComposeRequest {
  readonly manifest: ImageManifest;
  /** whether the config's bytes follow */
  readonly config: boolean;
  /** bytes of JSON that the answer may have; what does not fit is left out, and that said */
  readonly answer: number;
}

/** Bytes of one message, and of one inventory unpacked: more than the limits of a layer allow. */
const longest = 1 << 30;

/** A description that is too long is never read, so the image without it is what can be judged: as incomplete. */
function withoutPackages({ format, layers }: ImageInventory): ImageInventory {
  const message = 'what it contains is more than can be described';
  return {
    format,
    complete: false,
    packages: [],
    problems: [{ code: 'too-large', message, hides: true }],
    layers,
  };
}

giveUpRights();
const frames = readFrames(process.stdin, longest);

async function take(): Promise<Buffer> {
  const frame = await frames.next();
  if (frame.done === true) throw new Error('the request breaks off');
  return frame.value;
}

const request = JSON.parse((await take()).toString('utf8')) as ComposeRequest;
const config = request.config ? await take() : undefined;
const layers = new Map<Digest, LayerInventory>();
for (let frame = await frames.next(); frame.done !== true; frame = await frames.next()) {
  const digest = frame.value.toString('latin1') as Digest;
  const layer = unpackInventory(await take(), longest) as LayerInventory;
  if (layer.digest !== digest) throw new Error('the inventory of another layer');
  layers.set(digest, layer);
}
const image = composeImage(request.manifest, config, layers);
const fits = Buffer.byteLength(JSON.stringify(image)) <= request.answer;
process.stdout.write(frameOf(packInventory(fits ? image : withoutPackages(image))), () => process.exit(0));
