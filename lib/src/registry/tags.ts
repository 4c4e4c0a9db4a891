import { WharfingerError } from '../errors.ts';
import { readableName } from './access.ts';
import { answerJson, type Exchange } from './exchange.ts';
import { nextLink, parsePage } from './page.ts';

/** GET of the tags of a repository, in byte order, page by page. */
export async function listTags(exchange: Exchange, name: string): Promise<void> {
  const { registry, query } = exchange;
  const page = parsePage(query, registry.settings.pageSize);
  const more = { ...page, limit: page.limit + 1 };
  const found = await registry.catalog.listTags(readableName(exchange, name), more);
  if (!found) throw new WharfingerError('NAME_UNKNOWN');
  const tags = found.slice(0, page.limit);
  const last = tags.at(-1);
  const link =
    found.length > tags.length && last !== undefined
      ? ['Link', nextLink(`/v2/${name}/tags/list`, { n: String(page.limit), last })]
      : [];
  answerJson(exchange, 'application/json', { name, tags }, link);
}
