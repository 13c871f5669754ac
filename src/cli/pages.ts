import { type ApiClient, type RequestOptions } from './api-client.js';

interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** A list is read whole up to here; more than this nobody reads on a terminal. */
const MOST = 1000;

/** All items of a list, page by page, at most `most`. */
export async function everything<T>(
  api: ApiClient,
  path: string,
  query: RequestOptions['query'] = {},
  most = MOST,
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const page: Page<T> = await api.get<Page<T>>(path, {
      query: { ...query, limit: Math.min(100, most - items.length), cursor },
    });
    items.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && items.length < most);
  return items;
}
