import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { WharfingerError } from '@wharfinger/lib/errors';

/** Everything on standard input, without the line end that echo and editors add. */
export async function readStandardInput(): Promise<string> {
  return (await text(process.stdin)).replace(/\r?\n$/, '');
}

/**
 * Asks on the terminal, by way of standard error.
 * @param hidden true: what is typed is not shown
 * @throws WharfingerError USAGE where there is nobody to ask
 */
export async function ask(question: string, hidden: boolean, remedy: string): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new WharfingerError('USAGE', { what: 'standard input is no terminal to ask on', remedy });
  }
  process.stderr.write(question);
  return hidden ? readHidden() : readLine();
}

async function readLine(): Promise<string> {
  const lines = createInterface({ input: process.stdin });
  try {
    return await lines.question('');
  } finally {
    lines.close();
  }
}

/** Reads a line without echo; the terminal is left as it was found. */
function readHidden(): Promise<string> {
  const { stdin, stderr } = process;
  return new Promise((resolve, reject) => {
    let typed = '';
    const finish = (error?: Error) => {
      stdin.off('data', onData).setRawMode(false).pause();
      stderr.write('\n');
      if (error === undefined) resolve(typed);
      else reject(error);
    };
    const onData = (chunk: string) => {
      for (const character of chunk) {
        if (character === '\r' || character === '\n') return finish();
        if (character === '\u0003' || character === '\u0004') {
          return finish(new WharfingerError('USAGE', { what: 'interrupted' }));
        }
        if (character === '\u007f' || character === '\b') typed = typed.slice(0, -1);
        else typed += character;
      }
    };
    stdin.setRawMode(true).setEncoding('utf8').on('data', onData).resume();
  });
}
