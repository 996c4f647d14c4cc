/**
 * Pages of a sorted list: which items a page has, and the token of the next page. A token names a key and not an
 * index, so items that are created or deleted between two pages shift no others.
 */
import { integerParameter, invalid } from "./fields.ts";

/** A page's size by default, and the largest one: an answer stays under a few MB. */
const PAGE_SIZE = 500;
const PAGE_SIZE_MAX = 5_000;

export interface PageRequest {
  readonly size: number;
  /** The key of the last item of the page before; `undefined` for the first page. */
  readonly after: string | undefined;
}

/** What a client asks for, from the query's `page_size` and `page_token`. */
export function pageRequest(pageSize: string | undefined, token: string | undefined): PageRequest {
  const size = integerParameter(pageSize, "page_size", {
    min: 1,
    max: PAGE_SIZE_MAX,
  });
  return { size: size ?? PAGE_SIZE, after: token === undefined ? undefined : keyOfToken(token) };
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** The key to go on after; `undefined` on the last page. */
  readonly last: string | undefined;
}

/** The page of `items`, which are sorted by `keyOf` ascending. */
export function pageOf<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  { size, after }: PageRequest,
): Page<Item> {
  const start = after === undefined ? 0 : items.findIndex((item) => keyOf(item) > after);
  if (start < 0) return { items: [], last: undefined };
  const page = items.slice(start, start + size);
  const final = page.at(-1);
  const more = final !== undefined && start + size < items.length;
  return { items: page, last: more ? keyOf(final) : undefined };
}

/** Opaque to clients, so that what is in it may change. */
export const tokenOfKey = (key: string): string =>
  btoa(encodeURIComponent(key)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

export function keyOfToken(token: string): string {
  try {
    return decodeURIComponent(atob(token.replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    throw invalid("page_token", "a token that an earlier page gave");
  }
}
