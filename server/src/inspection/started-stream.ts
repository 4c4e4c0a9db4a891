import { Readable } from 'node:stream';
import { callbackify } from 'node:util';

/**
 * A stream of parts, of which the first is there: what goes wrong before that is thrown while there can still be another answer.
 * @param ended called once, when all was given or nobody wants more, whether the stream was read or not
 */
export async function startedStream(parts: AsyncGenerator<Buffer>, ended: () => void): Promise<Readable> {
  let first: IteratorResult<Buffer> | undefined;
  try {
    first = await parts.next();
  } catch (error) {
    ended();
    throw error;
  }
  const take = async (): Promise<IteratorResult<Buffer>> => {
    const next = first ?? (await parts.next());
    first = undefined;
    return next;
  };
  const close = callbackify(async () => {
    try {
      await parts.return(undefined);
    } catch {
      // It failed before, and that was told.
    } finally {
      ended();
    }
  });
  return new Readable({
    read() {
      take().then(
        ({ done, value }) => this.push(done === true ? null : value),
        (error: Error) => this.destroy(error),
      );
    },
    destroy(error, done) {
      close(() => done(error));
    },
  });
}
