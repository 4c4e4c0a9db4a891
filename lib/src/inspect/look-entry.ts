import { describeError, isWharfingerError } from '../errors.ts';
import type { Digest } from '../oci/digest.ts';
import { frameOf, readFrames } from './frames.ts';
import { giveUpRights } from './give-up-rights.ts';
import type { LayerInventory } from './inventory.ts';
import { look } from './look/look.ts';
import type { LookQuestion } from './look/look-question.ts';
import { packInventory, unpackInventory } from './packed-json.ts';

/**
 * Program of the process that answers questions about the files of images: reads frames from standard input (a LookQuestion as
 * JSON; then for each layer its digest and its packed inventory), and writes the packed answer as one frame to standard output:
 * `{answer}`, or `{refused: {code, what, remedy}}`. It opens nothing. What it is given may be wrong in any way: it ends then.
 */

/** Bytes of one message, and of one inventory unpacked: more than the limits of a layer allow. */
const longest = 1 << 30;

giveUpRights();
const frames = readFrames(process.stdin, longest);

async function take(): Promise<Buffer> {
  const frame = await frames.next();
  if (frame.done === true) throw new Error('the request breaks off');
  return frame.value;
}

function answerTo(question: LookQuestion, layers: ReadonlyMap<Digest, LayerInventory>): object {
  try {
    return { answer: look(question, layers) };
  } catch (error) {
    if (!isWharfingerError(error)) throw error;
    const what = error.message.slice(`${describeError(error.code).message}: `.length);
    return { refused: { code: error.code, what, remedy: error.remedy } };
  }
}

const question = JSON.parse((await take()).toString('utf8')) as LookQuestion;
const layers = new Map<Digest, LayerInventory>();
for (let frame = await frames.next(); frame.done !== true; frame = await frames.next()) {
  const digest = frame.value.toString('latin1') as Digest;
  const layer = unpackInventory(await take(), longest) as LayerInventory;
  if (layer.digest !== digest) throw new Error('the inventory of another layer');
  layers.set(digest, layer);
}
process.stdout.write(frameOf(packInventory(answerTo(question, layers))), () => process.exit(0));
