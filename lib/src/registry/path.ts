import { WharfingerError } from '../errors.ts';
import { isRepositoryName } from '../oci/reference.ts';

/** What a path below /v2/ asks for. References and digests are not checked yet. */
export type Route =
  | { readonly kind: 'ping' | 'catalog' }
  | { readonly kind: 'tags' | 'uploads'; readonly repository: string }
  | {
      readonly kind: 'manifest' | 'blob' | 'upload' | 'referrers';
      readonly repository: string;
      readonly name: string;
    };

/**
 * Decodes percent-escapes, once. A separator or a control character must not come out of one: the path would mean
 * something else than what proxies and logs saw.
 */
function decode(path: string): string | undefined {
  if (!path.includes('%')) return path;
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    let decoded: string;
    try {
      decoded = decodeURIComponent(segment);
    } catch {
      return undefined;
    }
    if (/[/\\%]|\p{Cc}/u.test(decoded)) return undefined;
    segments.push(decoded);
  }
  return segments.join('/');
}

function repositoryOf(name: string): string {
  if (isRepositoryName(name)) return name;
  throw new WharfingerError('NAME_INVALID', { what: JSON.stringify(name.slice(0, 300)) });
}

/**
 * Reads a raw request path, without query. Names contain slashes, so it is read from its end.
 *
 * @returns undefined for what the distribution specification does not know
 * @throws WharfingerError NAME_INVALID
 */
export function parsePath(raw: string): Route | undefined {
  if (raw === '/v2/' || raw === '/v2') return { kind: 'ping' };
  const path = decode(raw);
  if (!path?.startsWith('/v2/')) return undefined;
  if (path === '/v2/_catalog') return { kind: 'catalog' };
  const last = path.lastIndexOf('/');
  const name = path.slice(last + 1);
  const before = path.slice(4, Math.max(4, last));
  const at = before.lastIndexOf('/');
  if (at < 0) return undefined;
  const word = before.slice(at + 1);
  const repository = before.slice(0, at);
  switch (word) {
    case 'manifests':
      return { kind: 'manifest', repository: repositoryOf(repository), name };
    case 'blobs':
      // Some clients leave out the last slash of blobs/uploads/.
      return name === 'uploads'
        ? { kind: 'uploads', repository: repositoryOf(repository) }
        : { kind: 'blob', repository: repositoryOf(repository), name };
    case 'referrers':
      return { kind: 'referrers', repository: repositoryOf(repository), name };
    case 'tags':
      return name === 'list' ? { kind: 'tags', repository: repositoryOf(repository) } : undefined;
    case 'uploads': {
      if (!repository.endsWith('/blobs')) return undefined;
      const owner = repositoryOf(repository.slice(0, -'/blobs'.length));
      return name === ''
        ? { kind: 'uploads', repository: owner }
        : { kind: 'upload', repository: owner, name };
    }
    default:
      return undefined;
  }
}
