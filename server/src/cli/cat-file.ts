import { pipeline } from 'node:stream/promises';
import type { FilePlace } from '@wharfinger/lib/inspect/look/find-file';
import { look } from '@wharfinger/lib/inspect/look/look';
import { extractInProcess } from '../inspection/extract-process.ts';
import { displayable } from './display.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import { serverFor } from './image-question.ts';
import { inputsOf } from './local-assessment.ts';
import { withLayersHere } from './local-layers.ts';
import type { Progress } from './progress.ts';
import type { Session } from './session.ts';

/** A line about progress would stand in what is written. */
const silent: Progress = { update() {}, end() {} };

/** Which file of an image is meant, and who is asked. */
export interface CatOptions {
  readonly platform?: string;
  readonly local?: boolean;
  readonly layer?: number;
}

/**
 * Writes the content of one file of an image to standard output: as it is, or where that is a terminal, so that nothing in it
 * can act on the terminal.
 *
 * @throws WharfingerError FILE_UNKNOWN, INPUT_INVALID where it is no file; of every kind that finding and reading an image has
 */
export async function catFile(
  session: Session,
  { platform, local, layer }: CatOptions,
  image: string,
  path: string,
): Promise<ExitCode> {
  const query = { path, ...(layer === undefined ? {} : { layer }) };
  const isHere = local === true || platform !== undefined;
  const there = isHere ? undefined : await serverFor(image, {}, session);
  let complete: boolean;
  if (there === undefined) {
    complete = await withLayersHere(image, platform, session, async ({ source, layers }) => {
      const file = look({ kind: 'find', image: source.manifest, query }, layers) as FilePlace;
      const [input] = inputsOf([source.layers[file.layer]!], silent);
      await write(extractInProcess(input!, file));
      return file.complete;
    });
  } else {
    const answer = await there.server.getStream('/api/v1/files/content', { ...there.query, ...query });
    await write(answer.bytes);
    complete = answer.headers['wharfinger-complete'] === 'true';
  }
  if (complete) return exitCodes.done;
  session.note('A layer could not be read completely: the image may have another file at this path.');
  return exitCodes.undecided;
}

async function write(content: AsyncIterable<Uint8Array>): Promise<void> {
  const { stdout } = process;
  let broken: unknown;
  const watched = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* content;
    } catch (error) {
      broken = error;
      throw error;
    }
  };
  try {
    await pipeline(stdout.isTTY ? shown(watched()) : watched(), stdout, { end: false });
  } catch (error) {
    // Who reads it may have enough. Where it comes from may break off in the same way, and then it is not whole.
    if (error === broken || (error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}

/** Text for a terminal: line ends and tabs as they are, other control characters as escapes. */
async function* shown(content: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const safe = (text: string): string => text.replaceAll(/[^\n\t]+/g, displayable);
  for await (const bytes of content) yield safe(decoder.decode(bytes, { stream: true }));
  yield safe(decoder.decode());
}
