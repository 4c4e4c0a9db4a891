import { WharfingerError } from '../errors.ts';
import { isDigest, type Digest } from './digest.ts';

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const repositoryShape = new RegExp(`^${component}(?:/${component})*$`);
const tagShape = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const hostShape = /^(?:\[[0-9a-fA-F:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?)(?::[0-9]{1,5})?$/;

/** True for a repository name as the distribution specification has it, at most 255 characters. */
export function isRepositoryName(name: string): boolean {
  return name.length <= 255 && repositoryShape.test(name);
}

/** True for a tag as the distribution specification has it. */
export function isTag(tag: string): boolean {
  return tagShape.test(tag);
}

/** An image reference, resolved as docker resolves it. */
export interface Reference {
  /** host[:port] of the registry */
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/**
 * Parses what people type: `nginx`, `ghcr.io/a/b:1`, `localhost:5000/x@sha256:…`, `repo:tag@digest`.
 * A first component with a dot, a colon or the name localhost is a host, else docker.io is meant; a single component on
 * docker.io lies under library/. Without tag and digest the tag is `latest`.
 *
 * @throws WharfingerError REFERENCE_INVALID
 */
export function parseReference(text: string): Reference {
  const refuse = (what: string): never => {
    throw new WharfingerError('REFERENCE_INVALID', {
      what: `${JSON.stringify(text.slice(0, 300))}: ${what}`,
    });
  };
  const [beforeDigest = '', digest, ...rest] = text.split('@');
  if (rest.length > 0) refuse('more than one @');
  if (digest !== undefined && !isDigest(digest)) refuse('what follows @ is not a sha256 or sha512 digest');
  const slash = beforeDigest.indexOf('/');
  const first = slash < 0 ? '' : beforeDigest.slice(0, slash);
  const namesHost = first === 'localhost' || first.includes('.') || first.includes(':');
  const registry = namesHost ? first : 'docker.io';
  if (!hostShape.test(registry)) refuse(`${JSON.stringify(registry)} is not a host`);
  const path = namesHost ? beforeDigest.slice(slash + 1) : beforeDigest;
  const colon = path.lastIndexOf(':');
  const name = colon < 0 ? path : path.slice(0, colon);
  const tag = colon < 0 ? undefined : path.slice(colon + 1);
  const repository = registry === 'docker.io' && !name.includes('/') ? `library/${name}` : name;
  if (!isRepositoryName(repository)) refuse(`${JSON.stringify(name)} is not a repository name`);
  if (tag !== undefined && !isTag(tag)) refuse(`${JSON.stringify(tag)} is not a tag`);
  return {
    registry,
    repository,
    ...(tag !== undefined ? { tag } : digest === undefined ? { tag: 'latest' } : {}),
    ...(digest === undefined ? {} : { digest: digest as Digest }),
  };
}

/** The reference in full: host/repository[:tag][@digest]. */
export function formatReference(reference: Reference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${reference.registry}/${reference.repository}${tag}${digest}`;
}
