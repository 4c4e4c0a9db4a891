import { flushCompileCache } from 'node:module';

/**
 * Gives up what a program of the inspection process may do only while it starts: keep its code compiled, and start threads, which call
 * it themselves. Programs call it before they read the first byte that somebody else made; what they may still do is read their own code.
 */
export function giveUpRights(): void {
  flushCompileCache();
  // Where the runtime cannot take rights back, the program was never given them.
  for (const right of ['fs.write', 'worker']) process.permission?.drop?.(right);
}
