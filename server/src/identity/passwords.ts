import { hash as hashOnce, randomBytes, timingSafeEqual } from 'node:crypto';
import { verify as verifyArgon2 } from '@node-rs/argon2';
import { WharfingerError } from '@wharfinger/lib/errors';
import { LRUCache } from 'lru-cache';

/** How long a password that was verified need not be verified again. */
const rememberedFor = 5 * 60_000;

/** Argon2 computations at the same time: each takes tens of milliseconds of a core and 19 MiB. */
const maxConcurrent = 4;

/** More waiting than this are turned away: an attacker must not queue up work without end. */
const maxWaiting = 200;

/** Compared with where there is nothing to compare with, so that every wrong answer costs the same. */
export const hashOfNobody = '$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$yyxBG2fO9EV7Kf4FXQeuuw';

/** Checks the passwords of people. */
export interface PasswordVerifier {
  /**
   * True if `password` is what `stored` (a password, or its argon2 hash) stands for; never where nothing is stored. At
   * once where it was verified lately.
   * @throws WharfingerError TOO_MANY_REQUESTS
   */
  verify(stored: string | undefined, password: string): boolean | Promise<boolean>;
}

/**
 * Makes a verifier. What was verified is remembered for minutes under a keyed hash, with a key that lives as long as
 * the process, so that Basic authentication does not pay for argon2 on each request.
 */
export function createPasswordVerifier(): PasswordVerifier {
  const key = randomBytes(32).toString('base64');
  const known = new LRUCache<string, boolean>({ max: 10_000, ttl: rememberedFor });
  const digest = (text: string): string => hashOnce('sha256', key + text, 'base64');
  let running = 0;
  const waiting: (() => void)[] = [];

  async function limited(work: () => Promise<boolean>): Promise<boolean> {
    if (waiting.length >= maxWaiting)
      throw new WharfingerError('TOO_MANY_REQUESTS', { what: 'too many log-ins at once' });
    if (running >= maxConcurrent) await new Promise<void>((resolve) => waiting.push(resolve));
    running += 1;
    try {
      return await work();
    } finally {
      running -= 1;
      waiting.shift()?.();
    }
  }

  return {
    verify(stored, password) {
      // One hash per request: this is on the way of every pull.
      const remembered = digest(`${stored}\0${password}`);
      // Who does not exist must not pass for a user whose password is the word undefined.
      if (stored !== undefined && known.get(remembered)) return true;
      const hash = stored?.startsWith('$argon2') ? stored : hashOfNobody;
      if (hash === hashOfNobody && stored !== undefined && same(digest(stored), digest(password))) {
        known.set(remembered, true);
        return true;
      }
      return limited(async () => {
        const right = (await verifyArgon2(hash, password).catch(() => false)) && hash !== hashOfNobody;
        // Only what is right is remembered: a guess must cost its full price each time.
        if (right) known.set(remembered, true);
        return right;
      });
    },
  };
}

function same(left: string, right: string): boolean {
  return timingSafeEqual(Buffer.from(left), Buffer.from(right));
}
