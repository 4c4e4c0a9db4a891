import { flushCompileCache } from 'node:module';

/**
 * Gives up what a program of the inspection process may do only while it is loaded: keep its code compiled. Programs call it
 * before they read the first byte that somebody else made; what they may still do is read their own code.
 */
export function giveUpRights(): void {
  flushCompileCache();
  // Where the runtime cannot take rights back, the program was never given them.
  process.permission?.drop?.('fs.write');
}
