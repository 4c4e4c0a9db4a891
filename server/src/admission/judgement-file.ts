import { readFile, stat } from 'node:fs/promises';
import type { Judgement } from '@wharfinger/lib/assess/judgement-document';
import { demandNotOlder, openJudgement, type OpenedJudgement } from '@wharfinger/lib/assess/judgement-seal';
import { WharfingerError } from '@wharfinger/lib/errors';
import { readKeys } from '../cli/local-judgement.ts';
import { noteJudgement, seenJudgement } from '../cli/seen-judgements.ts';
import type { Session } from '../cli/session.ts';

/** A judgement file, and whose signature it must have. */
export interface JudgementFile {
  readonly judgement: string;
  /** PEM public keys of the registry; one of them must have signed it */
  readonly keys: readonly string[];
  /** logical identity of the registry that it must be of; absent: of any that one of the keys signs for */
  readonly identity?: string;
}

/** What is judged by now. */
export interface CurrentJudgement {
  readonly judgement: Judgement;
  /** digest of its content */
  readonly version: string;
}

/**
 * The judgement as the file has it now. It is opened once for each state of the file; one that is not signed, expired, or
 * older than one that was seen on this machine is refused, and so is everything until there is another.
 *
 * @throws WharfingerError, from what is returned: JUDGEMENT_INVALID, JUDGEMENT_UNTRUSTED, KEY_INVALID
 */
export function followJudgement(file: JudgementFile, session: Session): () => Promise<CurrentJudgement> {
  let opened: Promise<OpenedJudgement> | undefined;
  let seen = '';
  return async () => {
    const { mtimeMs, size, ino } = await stat(file.judgement);
    const mark = `${mtimeMs} ${size} ${ino}`;
    if (opened === undefined || mark !== seen) {
      seen = mark;
      const reading = open(file, session);
      // what cannot be used is tried again the next time
      reading.catch(() => {
        if (opened === reading) opened = undefined;
      });
      opened = reading;
    }
    const { judgement, digest } = await opened;
    if (Date.parse(judgement.expires) > session.now().getTime()) return { judgement, version: digest };
    throw new WharfingerError('JUDGEMENT_UNTRUSTED', {
      what: `${file.judgement} expired at ${judgement.expires}`,
    });
  };
}

async function open(
  { judgement, keys, identity }: JudgementFile,
  session: Session,
): Promise<OpenedJudgement> {
  const opened = openJudgement(await readFile(judgement), {
    registryKeys: await readKeys(keys),
    now: session.now(),
    ...(identity === undefined ? {} : { registry: identity }),
  });
  // without a key nothing is opened, so there is one
  const keyId = opened.keyId!;
  demandNotOlder(opened.judgement, await seenJudgement(session.environment, keyId));
  await noteJudgement(session.environment, keyId, opened.judgement.version);
  return opened;
}
