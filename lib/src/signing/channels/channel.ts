import { isDigest, type Digest } from '../../oci/digest.ts';
import { isRepositoryName, isTag } from '../../oci/reference.ts';
import { predicateTypes } from '../../oci/wharfinger-names.ts';
import type { VerifiedStatement } from '../evidence.ts';
import { refuse } from '../refusal.ts';
import { objectOf, onlyKeys, stringOf } from '../strict-fields.ts';
import { counterOf, timeOf } from './fields.ts';

/** Which tag of which repository is meant. */
export interface TagName {
  /** logical identity of the registry, which its replicas share; never a host name */
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
}

/** A publisher's word that a tag means a digest, until when. */
export interface Channel extends TagName {
  readonly digest: Digest;
  /** grows each time that the tag is signed: who has seen one takes none with a lower number */
  readonly counter: number;
  /** RFC 3339 */
  readonly issuedAt: string;
  /** RFC 3339, exclusive: it says nothing afterwards */
  readonly expires: string;
}

/** The predicate of a channel statement; its subject is the digest. Plain numbers and texts: it survives `cosign attest`. */
export function channelPredicate(channel: Channel): object {
  const { registry, repository, tag, counter, issuedAt, expires } = channel;
  return { scope: { registry, repository }, tag, counter, issuedAt, expires };
}

/** True if this is a statement about a tag. */
export function isChannelStatement(statement: Pick<VerifiedStatement, 'predicateType'>): boolean {
  return statement.predicateType === predicateTypes.channel;
}

/**
 * Reads a channel statement strictly.
 * @throws WharfingerError SIGNATURE_INVALID with what is wrong
 */
export function readChannel({
  subject,
  predicate,
}: Pick<VerifiedStatement, 'subject' | 'predicate'>): Channel {
  const fields = objectOf(predicate, 'the predicate');
  onlyKeys(fields, ['scope', 'tag', 'counter', 'issuedAt', 'expires'], 'the predicate');
  const scope = objectOf(fields['scope'], 'scope');
  onlyKeys(scope, ['registry', 'repository'], 'scope');
  const registry = stringOf(scope['registry'], 'scope.registry');
  const repository = stringOf(scope['repository'], 'scope.repository');
  const tag = stringOf(fields['tag'], 'tag');
  if (!isRepositoryName(repository)) refuse('scope.repository is not the name of a repository');
  if (!isTag(tag)) refuse('tag is not a tag');
  if (!isDigest(subject)) refuse('the subject is not a digest');
  return {
    registry,
    repository,
    tag,
    digest: subject,
    counter: counterOf(fields['counter'], 'counter'),
    issuedAt: timeOf(fields['issuedAt'], 'issuedAt'),
    expires: timeOf(fields['expires'], 'expires'),
  };
}
