import { callerForCatalog } from './access.ts';
import { answerJson, type Exchange } from './exchange.ts';
import { nextLink, parsePage } from './page.ts';

const batch = 1000;

/** GET of the repositories that the caller may pull from, in byte order, page by page. */
export async function listRepositories(exchange: Exchange): Promise<void> {
  const { registry, query } = exchange;
  const caller = callerForCatalog(exchange);
  const page = parsePage(query, registry.settings.pageSize);
  const visible: string[] = [];
  let { last } = page;
  // One more than asked for tells whether there is a next page.
  while (visible.length <= page.limit) {
    const names = await registry.catalog.listRepositories({
      limit: batch,
      ...(last === undefined ? {} : { last }),
    });
    visible.push(...names.filter((name) => registry.host.may(caller, 'pull', name)));
    last = names.at(-1);
    if (names.length < batch) break;
  }
  const repositories = visible.slice(0, page.limit);
  const end = repositories.at(-1);
  const link =
    visible.length > repositories.length && end !== undefined
      ? ['Link', nextLink('/v2/_catalog', { n: String(page.limit), last: end })]
      : [];
  answerJson(exchange, 'application/json', { repositories }, link);
}
