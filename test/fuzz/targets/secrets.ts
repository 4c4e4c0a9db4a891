import { scannedFile } from '@wharfinger/lib/inspect/secrets/scan-text';
import { listedHits, longestExcerpt, type FileSecrets } from '@wharfinger/lib/inspect/secrets/secret-facts';
import { SecretScanner } from '@wharfinger/lib/inspect/secrets/secret-scanner';
import { trueSecrets } from '../../secrets/true-secrets.ts';
import type { Target } from '../target.ts';

const genuine = trueSecrets()
  .slice(0, 160)
  .map(({ text }) => Buffer.from(text));

function scan(bytes: Buffer, piece: number, isText: boolean): FileSecrets | undefined {
  let found: FileSecrets | undefined;
  const scanner = new SecretScanner(
    scannedFile('srv/app/.env', isText),
    bytes.length,
    (all) => (found = all),
  );
  for (let at = 0; at < bytes.length; at += piece) scanner.data(bytes.subarray(at, at + piece));
  scanner.end();
  return found;
}

/** Says so where what is found depends on how a file is cut, or more is told than may be. */
function read(content: Uint8Array): undefined {
  const bytes = Buffer.from(content);
  for (const isText of [true, false]) {
    const whole = scan(bytes, Math.max(1, bytes.length), isText);
    const cut = scan(bytes, 7, isText);
    if (JSON.stringify(whole) !== JSON.stringify(cut))
      throw new Error('what is found depends on how it is cut');
    if (whole === undefined) continue;
    if (whole.hits.length > listedHits) throw new Error('more are listed than may be');
    for (const { excerpt } of whole.hits) {
      const isMasked = excerpt.includes('…') && excerpt.length <= longestExcerpt;
      if (!isMasked || !/^[\x20-\x7e…]*$/.test(excerpt)) throw new Error(`it is told: ${excerpt}`);
    }
  }
}

/** What looks for secrets in files that anybody may have written. */
export const secretTargets: readonly Target[] = [{ name: 'secrets', refuses: [], genuine, read }];
