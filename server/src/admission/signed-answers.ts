import { openReceipt } from '@wharfinger/lib/assess/receipt';
import type { ReceiptPredicate } from '@wharfinger/lib/assess/receipt';
import { WharfingerError } from '@wharfinger/lib/errors';
import type { Digest } from '@wharfinger/lib/oci/digest';
import { verdictShape } from '../cli/api-shapes.ts';
import { readKeys } from '../cli/local-judgement.ts';
import { noteJudgement, seenJudgement } from '../cli/seen-judgements.ts';
import type { Session } from '../cli/session.ts';

/** Whose signed answers are believed. */
export interface AnswerTrust {
  /** PEM files of the registry's keys, one of which must have signed */
  readonly keys: readonly string[];
  /** logical identity that the registry must have; absent: any that one of the keys signs for */
  readonly identity?: string;
  readonly session: Session;
}

/** What is asked for; a digest where it is known. */
export interface AskedImage {
  readonly repository: string;
  readonly digest?: Digest;
}

/** An answer was given for the moment that it was asked for: one of another time was kept by somebody. */
const mostApartMs = 5 * 60_000;

/**
 * Reads the signed receipts of answers about deployment. What counts is what was signed: about this image, for this repository, now, by a
 * judgement that is not older than one that this machine has seen.
 *
 * @throws WharfingerError, from what is returned: RECEIPT_INVALID, JUDGEMENT_UNTRUSTED, KEY_INVALID
 */
export function readSignedAnswers({
  keys,
  identity,
  session,
}: AnswerTrust): (receipt: unknown, asked: AskedImage) => Promise<ReceiptPredicate> {
  let noting: Promise<unknown> = Promise.resolve();

  /** One after the other, so that of two answers neither takes away what the other one noted. */
  function notOlder(keyId: string, version: number): Promise<void> {
    const done = noting.then(async () => {
      const seen = await seenJudgement(session.environment, keyId);
      if (seen !== undefined && version < seen)
        throw new WharfingerError('JUDGEMENT_UNTRUSTED', {
          what: `the answer is by version ${version}, and version ${seen} was seen before`,
        });
      await noteJudgement(session.environment, keyId, version);
    });
    noting = done.catch(() => {});
    return done;
  }

  return async (receipt, asked) => {
    const trusted = await readKeys(keys);
    const { predicate, keyId } = openReceipt(Buffer.from(JSON.stringify(receipt ?? null)), trusted);
    const verdict = verdictShape.safeParse(predicate.verdict);
    if (!verdict.success) throw invalid('its verdict is not understood');
    const { repository, purpose, registry, at, judgement } = predicate;
    if (purpose !== 'deploy') throw invalid(`it is for the purpose ${purpose}, not for deploy`);
    if (repository !== asked.repository) throw invalid(`it is about ${repository}, not ${asked.repository}`);
    if (asked.digest !== undefined && verdict.data.digest !== asked.digest)
      throw invalid(`it is about ${verdict.data.digest}, not ${asked.digest}`);
    if (identity !== undefined && registry !== identity)
      throw invalid(`it is of the registry ${registry}, not of ${identity}`);
    if (Math.abs(Date.parse(at) - session.now().getTime()) > mostApartMs)
      throw new WharfingerError('RECEIPT_INVALID', {
        what: `it is of ${at}, not of now`,
        remedy:
          'set the clocks of this machine and of the registry; if they agree, somebody kept an older answer',
      });
    await notOlder(keyId, judgement.version);
    return predicate;
  };
}

function invalid(what: string): WharfingerError {
  return new WharfingerError('RECEIPT_INVALID', { what });
}
