import { describeFailure } from '../cli/failure.ts';
import { openSession } from '../cli/session.ts';
import { readVerifierConfig } from './config.ts';
import { longestDescriptor } from './verifier-arguments.ts';
import { verifyForNode } from './verifier.ts';

// Entry of the node verifier: bin/wharf-verifier.js imports this file. 0 lets containerd pull; anything else does not.

const defaultConfig = '/etc/wharfinger/verifier.yaml';

/** Nothing may hang: containerd would wait, and in the end block without a reason. */
const spare = 500;

try {
  const file = process.env['WHARFINGER_VERIFIER_CONFIG'] ?? defaultConfig;
  const config = await readVerifierConfig(file);
  setTimeout(
    () => finish(1, 'it was not known in time whether the image may be used'),
    config.budget + spare,
  );
  const session = openSession(
    { output: process.stderr, error: process.stderr, environment: process.env },
    { json: true, color: false },
  );
  const { allowed, text } = await verifyForNode(process.argv.slice(2), await readInput(), config, session);
  finish(allowed ? 0 : 1, text);
} catch (error) {
  const { message, remedy } = describeFailure(error);
  finish(1, `not verified: ${message}; to do: ${remedy}`);
}

/** One line: what others wrote must not look like something else on a terminal. */
function finish(code: number, text: string): void {
  const line = text.replaceAll(/\p{C}+/gu, ' ');
  process.stdout.write(`${line}\n`, () => process.exit(code));
}

async function readInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > longestDescriptor) throw new Error('the descriptor on standard input is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
