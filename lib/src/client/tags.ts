import { repositoryPath } from './api-path.ts';
import { nextPage } from './next-page.ts';
import type { RegistrySession } from './registry-session.ts';
import { readText, refusedBy } from './remote-response.ts';
import { remoteFailure } from './remote-error.ts';

const pageLimit = 16 * 1024 * 1024;
const mostPages = 10_000;

/**
 * The tags of a repository, page by page, in the registry's order.
 * @throws WharfingerError REMOTE_FAILED
 */
export async function* listTags(
  session: RegistrySession,
  repository: string,
): AsyncGenerator<string, void, undefined> {
  let url: string | URL | undefined = repositoryPath(repository, 'tags/list');
  const seen = new Set<string>();
  for (;;) {
    const response = await session.request({ method: 'GET', url, scope: `repository:${repository}:pull` });
    if (response.status !== 200) throw await refusedBy(response);
    const text = await readText(response, pageLimit);
    const tags = tagsIn(text);
    if (tags === undefined) throw remoteFailure(response, 'what it sent is not a list of tags');
    yield* tags;
    url = nextPage(response);
    if (url === undefined) return;
    if (seen.has(url.href)) throw remoteFailure(response, 'its pages lead in a circle');
    seen.add(url.href);
    if (seen.size > mostPages) throw remoteFailure(response, `more than ${mostPages} pages of tags`);
  }
}

function tagsIn(text: string): string[] | undefined {
  try {
    const parsed: { tags?: unknown } | null = JSON.parse(text);
    // Several registries write null for a repository without tags.
    const tags = parsed?.tags ?? [];
    if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')) return tags;
  } catch {
    return undefined;
  }
  return undefined;
}
