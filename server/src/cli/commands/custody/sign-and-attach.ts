import { WharfingerError } from '@wharfinger/lib/errors';
import type { SigningKey } from '@wharfinger/lib/signing/private-keys';
import { signStatement } from '@wharfinger/lib/signing/sign-statement';
import { displayable, shortDigest } from '../../display.ts';
import { exitCodes, type ExitCode } from '../../exit-codes.ts';
import { readSigningKey } from '../../key-file.ts';
import type { Session } from '../../session.ts';
import type { OpenChain } from './open-chain.ts';

/** Options of the commands that state something. */
export interface SignOptions {
  readonly key?: string;
  readonly print?: boolean;
}

/** The key to sign with; undefined: what would be signed is only printed. */
export async function keyFor(options: SignOptions, session: Session): Promise<SigningKey | undefined> {
  if (options.print === true) return undefined;
  return options.key === undefined ? noKey() : readSigningKey(options.key, session);
}

function noKey(): never {
  throw new WharfingerError('USAGE', {
    what: 'there is no key to sign with',
    remedy: 'give --key, or --print to sign the statement with another tool',
  });
}

/** Signs what was found out about an image and attaches it; or prints it, for another tool to sign. */
export async function signAndAttach(
  session: Session,
  chain: OpenChain,
  statement: { readonly predicateType: string; readonly predicate: object },
  key: SigningKey | undefined,
  done: string,
): Promise<ExitCode> {
  const { predicate, predicateType } = statement;
  if (key === undefined) {
    session.result(predicate, () => JSON.stringify(predicate, undefined, 2));
    return exitCodes.done;
  }
  const signed = signStatement(chain.subject, statement, key, session.now());
  await chain.attach(chain.repository, signed);
  const { digest } = chain.subject;
  session.result(
    {
      image: chain.name,
      repository: chain.repository,
      digest,
      predicateType,
      predicate,
      attestation: signed.manifest.digest,
      payload: signed.payloadDigest,
    },
    () =>
      displayable(
        `${done} ${chain.repository}@${shortDigest(digest)}: ${shortDigest(signed.manifest.digest)}`,
      ),
  );
  return exitCodes.done;
}
