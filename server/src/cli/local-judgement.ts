import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseJudgement, type Judgement } from '@wharfinger/lib/assess/judgement';
import { WharfingerError } from '@wharfinger/lib/errors';
import { loadStandardCollection } from '@wharfinger/lib/routines/standard';
import { parsePublicKey } from '@wharfinger/lib/signing/keys';
import type { ImageOptions } from './image-options.ts';

/**
 * What images are judged by here: the file of `wharf judgement export`, else the standard collection as if the repository
 * held what does not pass, with a signature by one of the keys demanded where keys are given.
 *
 * @throws WharfingerError JUDGEMENT_INVALID, KEY_INVALID, USAGE
 */
export async function judgementFor(options: ImageOptions, now: Date): Promise<Judgement> {
  const { judgement, key = [] } = options;
  if (judgement !== undefined) {
    if (key.length === 0) return parseJudgement(await readFile(judgement));
    throw new WharfingerError('USAGE', { what: '--key and --judgement exclude each other' });
  }
  const keys = await Promise.all(
    key.map(async (file) => {
      const trusted = { name: basename(file), pem: await readFile(file, 'utf8') };
      parsePublicKey(trusted);
      return trusted;
    }),
  );
  return {
    format: 1,
    madeAt: now.toISOString(),
    repositories: [{ pattern: '**', gate: 'hold', official: keys.length > 0, bindings: [] }],
    trust: keys.length > 0 ? [{ pattern: '**', keys }] : [],
    collection: loadStandardCollection(),
  };
}
